// The name of the database that stands migrated on the server of a test run, for others to be copied from.
export const MIGRATED = 'migrated'

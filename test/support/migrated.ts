// The name of the database that stands migrated on the server of a test run, for others to be copied from, and of the table
// on that server with the copies that nobody uses any more.
export const MIGRATED = 'migrated'
export const SPARE = 'spare'

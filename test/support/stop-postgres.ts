// Jest's globalTeardown: leaves no PostgreSQL behind.
type Stop = { readonly stopTestPostgres?: () => Promise<void> }

const teardown = async () => {
  await (globalThis as Stop).stopTestPostgres?.()
}

export default teardown

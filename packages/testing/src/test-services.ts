export type TestServices = {
  /** Connection string of a superuser. */
  postgresUrl: string
  /** Name of the migrated database that tests clone. */
  template: string
  /** Missing where there is no Redis: the Redis half of the tests is then left out. */
  redisUrl?: string
}

/** The services that `pnpm test` (tests/run.ts) started for this run. Throws when it did not. */
export function testServices(environment: NodeJS.ProcessEnv = process.env): TestServices {
  const postgresUrl = environment['WAYBILL_TEST_POSTGRES']
  const template = environment['WAYBILL_TEST_TEMPLATE']
  const redisUrl = environment['REDIS_URL']
  if (!postgresUrl || !template) {
    throw new Error(
      'WAYBILL_TEST_POSTGRES and WAYBILL_TEST_TEMPLATE are not set: run tests with `pnpm test <path>`',
    )
  }
  return redisUrl ? { postgresUrl, template, redisUrl } : { postgresUrl, template }
}

import { catalogue, type CatalogueKind, type IntegrationId } from '@waybill/domain'
import supertest from 'supertest'
import { seedJob, type SeededJob } from './seed-job.ts'
import { ours, type TestApi } from './start-test-api.ts'
import { trigger } from './trigger.ts'

export const jobsIndex = '/api/v1/webhook_jobs/index'

type Call = (body: object, path?: string) => Promise<{ status: number; body: JobsBody; text: string }>
type JobsBody = {
  code: number
  status: string
  data: { count?: number; results: Record<string, unknown>[] }
  errors: { attr: string; message: string }[]
}

/** What a test of the jobs index does: asks, makes subscribers and triggers, and seeds jobs that it calls by a letter. */
export function planomaticJobs(api: TestApi) {
  const names = new Map<unknown, string>()
  const ask: Call = (body, path = jobsIndex) =>
    supertest(api.url)
      .post(path)
      .send({ token: api.tokens.ours, integration_id: ours, ...body })
  return {
    ask,
    /** The names of the jobs on the page, in its order. */
    list: async (body: object, path?: string): Promise<string> => {
      const answer = await ask(body, path)
      if (answer.status !== 200) throw new Error(answer.text)
      return answer.body.data.results.map(({ id }) => names.get(id) ?? '?').join('')
    },
    subscribe: async (fields: object, token = api.tokens.ours, integration: IntegrationId = ours) => {
      const { body } = await supertest(api.url)
        .post('/api/v1/webhook_out_subs/create')
        .send({ token, integration_id: integration, version: '3', ...fields })
      return body.data.webhook_out_sub.id as number
    },
    accept: async (fields: Record<string, unknown>): Promise<number> => {
      const { body } = await supertest(api.url)
        .post('/v1/triggers')
        .auth(api.tokens.both, { type: 'bearer' })
        .send(trigger(fields))
      return api.deps.publicIds.decode('trigger', body.id) as number
    },
    seed: async (name: string, job: Omit<SeededJob, 'integration'> & { integration?: IntegrationId }) => {
      names.set(await seedJob(api.database, { integration: ours, ...job }), name)
    },
  }
}

/** The stored number of a status or an event, by its full name. */
export function catalogueId(kind: CatalogueKind, name: string): number {
  const entry = catalogue.find((one) => one.kind === kind && one.name === name)
  if (!entry) throw new Error(`there is no ${kind} ${name}`)
  return entry.id
}

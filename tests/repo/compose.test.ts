import { spawnSync } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { documentedVariables, schemaVariables } from './support/read-variables.ts'
import { repoFile, repoRoot } from './support/repo-file.ts'

type Service = {
  image: string
  build?: { target: string }
  command?: string[]
  environment?: Record<string, string>
  ports?: string[]
  healthcheck?: { test: string[]; interval: string; timeout: string; retries: number }
  depends_on?: Record<string, { condition: string }>
  volumes?: string[]
  stop_grace_period?: string
}

const text = repoFile('docker-compose.yml')
const { services } = parse(text, { merge: true }) as { services: Record<string, Service> }
const service = (name: string): Service => {
  const found = services[name]
  if (!found) throw new Error(`there is no service ${name}`)
  return found
}

const complete = { POSTGRES_PASSWORD: 'letters1digits2', WAYBILL_MASTER_KEY: 'A'.repeat(43) + '=' }

/** Undefined where this machine has no docker-compose. */
function compose(environment: Record<string, string>) {
  const run = spawnSync('docker-compose', ['-f', 'docker-compose.yml', 'config'], {
    cwd: repoRoot,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment },
  })
  if (run.error && 'code' in run.error && run.error.code === 'ENOENT') {
    console.warn('NO docker-compose: its own opinion of docker-compose.yml is left out.')
    return undefined
  }
  return run
}

describe('docker-compose.yml', () => {
  it('holds the five services and nothing else', () => {
    expect(Object.keys(services).sort()).toEqual(['api', 'migrate', 'postgres', 'valkey', 'worker'])
  })

  it.each(['postgres', 'valkey', 'api', 'worker'])('checks the health of %s', (name) => {
    const { healthcheck } = service(name)
    expect(healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/)
    expect(healthcheck).toMatchObject({
      interval: expect.any(String),
      timeout: expect.any(String),
      retries: expect.any(Number),
    })
  })

  it.each([
    ['postgres', /pg_isready/],
    ['valkey', /valkey-cli ping/],
    ['api', /:8080\/readyz/],
    ['worker', /:9465\/readyz/],
  ])('asks %s the right question', (name, question) => {
    expect(service(name).healthcheck?.test.join(' ')).toMatch(question)
  })

  it('migrates once Postgres answers, and before any process starts', () => {
    expect(service('migrate').depends_on).toEqual({ postgres: { condition: 'service_healthy' } })
    for (const name of ['api', 'worker']) {
      expect(service(name).depends_on).toMatchObject({
        migrate: { condition: 'service_completed_successfully' },
        postgres: { condition: 'service_healthy' },
      })
    }
  })

  it('starts without waiting for the queue to be healthy, since it works without one', () => {
    for (const name of ['api', 'worker'])
      expect(service(name).depends_on?.['valkey']).toEqual({ condition: 'service_started' })
  })

  it.each(['api', 'worker'])('gives a stopping %s longer than it takes at most', (name) => {
    const timeout = schemaVariables(name).find((variable) => variable.name === 'STOP_TIMEOUT_MS')
    const grace = Number.parseInt(service(name).stop_grace_period ?? '', 10) * 1_000
    expect(grace).toBeGreaterThanOrEqual(Number(timeout?.fallback) + 5_000)
  })

  it('keeps the queue whole: no eviction, and an append-only file', () => {
    expect(service('valkey').command?.join(' ')).toMatch(/--maxmemory-policy noeviction .*--appendonly yes/)
  })

  it('keeps the data of both servers in volumes', () => {
    expect(service('postgres').volumes).toEqual(['postgres:/var/lib/postgresql'])
    expect(service('valkey').volumes).toEqual(['valkey:/data'])
  })

  it('writes no secret down and gives none a default', () => {
    for (const [name, { environment = {} }] of Object.entries(services)) {
      for (const [variable, value] of Object.entries(environment)) {
        if (!/KEY|PASSWORD|TOKEN|SECRET/.test(variable) || variable.endsWith('_MS')) continue
        expect(`${name} ${variable} ${value}`).toMatch(new RegExp(`\\$\\{${variable}:\\?[^}]+\\}$`))
      }
    }
    expect(service('api').environment).toHaveProperty('WAYBILL_MASTER_KEY')
    expect(service('worker').environment).toHaveProperty('WAYBILL_MASTER_KEY')
    expect(service('migrate').environment).not.toHaveProperty('WAYBILL_MASTER_KEY')
    const passwords = [...text.matchAll(/:\/\/\w+:(.+?)@/g)].map(([, password]) => password)
    expect(passwords).toEqual([expect.stringMatching(/^\$\{POSTGRES_PASSWORD:\?/)])
  })

  it.each(['api', 'worker'])(
    'passes every documented setting on to %s, but those it makes itself',
    (name) => {
      const servers = ['DATABASE_URL', 'REDIS_URL']
      const own = new Set([...servers, 'NODE_ENV', 'HOST', 'PORT', 'METRICS_PORT', 'STOP_TIMEOUT_MS'])
      const { environment = {} } = service(name)
      const passed = Object.keys(environment).filter((variable) => !own.has(variable))
      const documented = documentedVariables(name).map((one) => one.name)
      expect(passed.toSorted()).toEqual(documented.filter((variable) => !own.has(variable)).toSorted())
      for (const variable of passed)
        expect(environment[variable]).toMatch(new RegExp(`^\\$\\{${variable}:[-?]`))
    },
  )

  it('publishes ports on the loopback address only', () => {
    const ports = Object.values(services).flatMap((one) => one.ports ?? [])
    expect(ports.length).toBeGreaterThan(0)
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  it('builds every target of the Dockerfile that is an image, as a user without rights', () => {
    const dockerfile = repoFile('Dockerfile')
    const targets = [...dockerfile.matchAll(/^FROM runtime AS (\w+)$/gm)].map(([, target]) => target)
    const built = Object.values(services).flatMap(({ build }) => (build ? [build.target] : []))
    expect(new Set(built)).toEqual(new Set(targets))
    expect(built).toHaveLength(targets.length)
    expect(dockerfile.slice(dockerfile.indexOf(' AS runtime'))).toMatch(/^USER node$/m)
    expect(dockerfile.match(/^USER /gm)).toHaveLength(1)
  })

  it('is accepted by docker-compose where there is one', () => {
    const run = compose(complete)
    if (run) {
      expect(run.stderr).toBe('')
      expect(run.status).toBe(0)
    }
  })

  it.each(Object.keys(complete))('is refused by docker-compose without %s', (missing) => {
    const run = compose(Object.fromEntries(Object.entries(complete).filter(([name]) => name !== missing)))
    if (run) {
      expect(run.status).not.toBe(0)
      expect(run.stderr).toMatch(/Missing mandatory value|required variable/)
    }
  })
})

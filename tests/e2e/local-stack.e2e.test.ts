import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { LocalState } from '@waybill/local'
import { eventually, queueBackends } from '@waybill/testing'

const root = join(import.meta.dirname, '../..')
const redisUrl = queueBackends().some((backend) => backend.name === 'redis')
  ? process.env['REDIS_URL']
  : undefined

/** A subscriber or the sum, its profile, and how many matched, arrived, were delivered and retried. */
const tableRow =
  /^(Yard CRM|MLS sync|Ledger|Flaky|Slow|Clinic|Parish|all) +(?:[a-z][\w-]* +)?(\d+) +(\d+) +(\d+) +(\d+)/gm

describe('the one-command stack', () => {
  let folder: string
  let started: ChildProcess | undefined
  let printed = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waybill-stack-'))
    for (const part of ['apps', 'packages', 'scripts', 'examples', 'package.json', 'tsconfig.base.json']) {
      await cp(join(root, part), join(folder, part), { recursive: true, verbatimSymlinks: true })
    }
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  })
  afterEach(() => {
    started?.kill('SIGTERM')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const run = (args: string[], env: Record<string, string> = {}) => {
    const { PATH = '', HOME = '', TMPDIR = '' } = process.env
    const child = spawn(process.execPath, args, {
      cwd: folder,
      detached: true,
      env: { PATH, HOME, TMPDIR, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child.stdout.on('data', (chunk) => (printed += chunk))
    child.stderr.on('data', (chunk) => (printed += chunk))
    const exit = new Promise<number | null>((resolve) => child.once('exit', resolve))
    return { child, exit }
  }
  const start = async (args: string[], env: Record<string, string> = {}) => {
    printed = ''
    const stack = run(['scripts/start.mjs', ...args], env)
    started = stack.child
    const state = await eventually(
      async () => {
        if (stack.child.exitCode !== null) throw new Error(printed)
        return JSON.parse(await readFile(join(folder, '.waybill/local.json'), 'utf8')) as LocalState
      },
      { timeoutMs: 120_000, everyMs: 100 },
    )
    return { ...stack, state }
  }
  const gone = ({ pid, pids }: LocalState) =>
    eventually(
      () => [pid, pids.api, pids.worker, pids.postgres].every((one) => one === undefined || !isAlive(one)),
      {
        timeoutMs: 60_000,
      },
    )
  const printedToTheEnd = () =>
    eventually(() => printed.includes('Ctrl-C stops everything'), { timeoutMs: 90_000, everyMs: 100 })
  const smoke = () => run(['--conditions=source', '--import', 'tsx', 'apps/local/src/smoke.ts']).exit

  it('starts, delivers, and ends with everything it started on SIGTERM to its pid', async () => {
    const { state, exit } = await start(['--no-demo'])
    expect(state.queueBackend).toBe('postgres')
    expect((await fetch(`${state.apiUrl}/readyz`)).status).toBe(200)
    for (const url of Object.values(state.metricsUrl))
      expect(await (await fetch(url)).text()).toContain('waybill_')
    expect(await smoke()).toBe(0)
    await printedToTheEnd()
    for (const [url, headers, status] of listsOf(state)) {
      expect((await fetch(`${state.apiUrl}${url}`, { headers })).status).toBe(status)
      expect(printed).toContain(url)
    }
    const login = /sessions\/create .*\n.* -d (\S+)$/m.exec(printed)?.[1] ?? ''
    const session = await post(`${state.apiUrl}/api/v1/sessions/create`, 'text/plain', login)
    expect(session).toMatchObject({ code: 200, data: { session: { scoped_integrations: [12] } } })
    process.kill(state.pid, 'SIGTERM')
    await gone(state)
    expect(await exit).toBe(0)
    await expect(readFile(join(folder, '.waybill/local.json'))).rejects.toThrow('ENOENT')
    expect(await smoke()).toBe(1)
  })

  it('starts a second time after a kill -9 of Postgres and all, with the same token, and ends on Ctrl-C', async () => {
    const first = await start(['--no-demo'])
    const before = await subscriptionsOf(first.state)
    expect(before.size).toBe(7)
    const { pid, pids } = first.state
    for (const one of [pids.postgres ?? pid, pids.worker, pids.api, pid])
      if (isAlive(one)) process.kill(one, 'SIGKILL')
    await gone(first.state)
    await first.exit
    const release = await occupy([first.state.receiverUrl, first.state.receiverSecureUrl])
    const second = await start(['--no-demo'], redisUrl ? { REDIS_URL: redisUrl } : {})
    await release()
    const after = await subscriptionsOf(second.state)
    expect([...after.keys()]).toEqual([...before.keys()])
    const origins = new Set([...after.values()].map((url) => new URL(url).origin))
    expect(origins).toEqual(new Set([second.state.receiverUrl, second.state.receiverSecureUrl]))
    expect(origins).not.toContain(first.state.receiverUrl)
    expect(second.state.token).toBe(first.state.token)
    expect(second.state.queueBackend).toBe(redisUrl ? 'redis' : 'postgres')
    expect(await smoke()).toBe(0)
    // A terminal signals the whole foreground group.
    process.kill(-(second.child.pid ?? 0), 'SIGINT')
    await gone(second.state)
    expect(await second.exit).toBe(0)
  })

  it('plays the orders and ends when its launcher is killed', async () => {
    const { state, child } = await start([])
    await printedToTheEnd()
    const rows = new Map(
      [...printed.matchAll(tableRow)].map(([, name = '', ...numbers]) => [name, numbers.map(Number)]),
    )
    const [matched = 0, , delivered, retried] = rows.get('all') ?? []
    expect(matched).toBeGreaterThan(200)
    expect(delivered).toBe(matched)
    expect(retried).toBe(3)
    // The ten events of shifts among the others, and one event of orders: each arrived, once, with a good signature.
    for (const name of ['Clinic', 'Parish', 'Yard CRM', 'MLS sync', 'Ledger']) {
      const [own = 0, arrived] = rows.get(name) ?? []
      expect(own).toBeGreaterThan(10)
      expect(arrived).toBe(own)
    }
    expect(printed).toContain('signature ok')
    expect(printed).not.toContain('signature BAD')
    child.kill('SIGKILL')
    await gone(state)
  })
})

/** A list of each dialect, with the headers that its vendor documents and the status of a good answer. */
const listsOf = ({ token, tokenId }: LocalState): [string, Record<string, string>, number][] => {
  const basic = Buffer.from(`${tokenId}:${token}`).toString('base64')
  return [
    ['/api/v2/public/webhooks/logs', { authorization: `Bearer ${token}` }, 201],
    ['/webhooks/v2/webhook_subscriptions', { authorization: `Basic ${basic}` }, 200],
  ]
}

async function post(url: string, type: string, body: string): Promise<unknown> {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body })
  return answer.json()
}

/** The URLs of all subscriptions by their ids. */
async function subscriptionsOf({ apiUrl, token }: LocalState): Promise<Map<string, string>> {
  const headers = { authorization: `Bearer ${token}` }
  const answer = await fetch(`${apiUrl}/v1/subscriptions`, { headers })
  const { data } = (await answer.json()) as { data: { id: string; url: string }[] }
  return new Map(data.map(({ id, url }) => [id, url]))
}

/** Takes the ports of these URLs, as another program might between two starts. */
async function occupy(urls: readonly string[]): Promise<() => Promise<void>> {
  const servers = urls.map((url) => createServer().listen(Number(new URL(url).port), '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  return async () => {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

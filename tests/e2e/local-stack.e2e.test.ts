import { spawn, type ChildProcess } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { LocalState } from '@waybill/local'
import { eventually, queueBackends } from '@waybill/testing'

const root = join(import.meta.dirname, '../..')
const redisUrl = queueBackends().some((backend) => backend.name === 'redis')
  ? process.env['REDIS_URL']
  : undefined

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
  const smoke = () => run(['--conditions=source', '--import', 'tsx', 'apps/local/src/smoke.ts']).exit

  it('starts, delivers, and ends with everything it started on SIGTERM to its pid', async () => {
    const { state, exit } = await start(['--no-demo'])
    expect(state.queueBackend).toBe('postgres')
    expect((await fetch(`${state.apiUrl}/readyz`)).status).toBe(200)
    for (const url of Object.values(state.metricsUrl))
      expect(await (await fetch(url)).text()).toContain('waybill_')
    expect(await smoke()).toBe(0)
    process.kill(state.pid, 'SIGTERM')
    await gone(state)
    expect(await exit).toBe(0)
    await expect(readFile(join(folder, '.waybill/local.json'))).rejects.toThrow('ENOENT')
    expect(await smoke()).toBe(1)
  })

  it('starts a second time after a kill -9 of Postgres and all, with the same token, and ends on Ctrl-C', async () => {
    const first = await start(['--no-demo'])
    const { pid, pids } = first.state
    for (const one of [pids.postgres ?? pid, pids.worker, pids.api, pid])
      if (isAlive(one)) process.kill(one, 'SIGKILL')
    await gone(first.state)
    await first.exit
    const second = await start(['--no-demo'], redisUrl ? { REDIS_URL: redisUrl } : {})
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
    await eventually(() => printed.includes('Ctrl-C stops everything'), { timeoutMs: 90_000, everyMs: 100 })
    const rows = new Map(
      [...printed.matchAll(/^(Yard CRM|MLS sync|Ledger|Flaky|Slow|all) +(\d+) +(\d+) +(\d+) +(\d+)/gm)].map(
        ([, name = '', ...numbers]) => [name, numbers.slice(0, 4).map(Number)],
      ),
    )
    const [matched = 0, delivered, retried] = rows.get('all') ?? []
    expect(matched).toBeGreaterThan(200)
    expect(delivered).toBe(matched)
    expect(retried).toBe(3)
    expect(printed).toContain('signature ok')
    expect(printed).not.toContain('signature BAD')
    child.kill('SIGKILL')
    await gone(state)
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

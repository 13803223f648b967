import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startEmbeddedPostgres } from '@waybill/embedded'
import type { EmbeddedPostgres } from '@waybill/embedded'
import { processIdentity } from '../src/process-identity.ts'
import { query } from './support/query.ts'
import { startInProcess } from './support/start-in-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

let folder: Awaited<ReturnType<typeof temporaryFolder>>
let running: EmbeddedPostgres[]
let lines: string[]

beforeEach(async () => {
  folder = await temporaryFolder()
  running = []
  lines = []
})

afterEach(async () => {
  for (const server of running) await server.stop('immediate')
  await folder.remove()
})

async function start(options: { port?: number; settings?: Record<string, string> } = {}, name = 'pg') {
  const dataDir = join(folder.path, name)
  const server = await startEmbeddedPostgres({ dataDir, logger: (line) => lines.push(line), ...options })
  running.push(server)
  return server
}

describe('startEmbeddedPostgres', () => {
  it('keeps data, password and port from one start to the next', async () => {
    const first = await start()
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer')
    expect(first.version).toMatch(/^18\./)
    expect(lines.join('\n')).toContain(first.dataDir)
    await first.stop()
    expect(await processIdentity(first.pid)).toBeUndefined()
    await first.stop()

    const second = await start({ settings: { shared_preload_libraries: 'pg_stat_statements' } })
    expect(second.url).toBe(first.url)
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
    expect(await query(second.url, 'SHOW shared_preload_libraries')).toEqual([
      { shared_preload_libraries: 'pg_stat_statements' },
    ])
  })

  it('is UTF-8, durable, on loopback only, and asks for a password that only we can read', async () => {
    const server = await start()
    const [facts] = await query(
      server.url,
      `SELECT current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS addresses,
              current_setting('unix_socket_directories') AS sockets, current_setting('fsync') AS fsync,
              current_setting('synchronous_commit') AS commit, current_setting('max_connections') AS connections`,
    )
    expect(facts).toEqual({
      encoding: 'UTF8',
      addresses: '127.0.0.1',
      sockets: '',
      fsync: 'on',
      commit: 'on',
      connections: '200',
    })
    await expect(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(/password/)
    expect((await stat(join(server.dataDir, 'password'))).mode & 0o777).toBe(0o600)
  })

  it('leads a session of its own, so that Ctrl-C in our terminal does not reach it', async () => {
    const server = await start()
    const ours = await sessionOf(process.pid)
    expect(await sessionOf(server.pid)).not.toBe(ours)
  })

  it('recovers when the server was killed', async () => {
    const first = await start()
    await query(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer')
    process.kill(first.pid, 'SIGKILL')

    const second = await start()
    expect(second.pid).not.toBe(first.pid)
    expect(second.url).toBe(first.url)
    expect(await query(second.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }])
    await first.stop()
    expect(await query(second.url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }])
  })

  it('is not fooled by a postmaster.pid whose id another process has by now, as after a reboot', async () => {
    const first = await start()
    const pidFile = join(first.dataDir, 'data', 'postmaster.pid')
    const written = await readFile(pidFile, 'utf8')
    await first.stop()
    // A stranger of the same account: Postgres itself only ignores ids of other users.
    const stranger = await start({}, 'stranger')
    await writeFile(pidFile, written.replace(/^\d+/, String(stranger.pid)))

    const second = await start()
    expect(await query(second.url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }])
  })

  it('adopts a server whose starter was killed, and can stop it', async () => {
    const orphan = await startInProcess(join(folder.path, 'pg'), 'be-killed')
    expect(await query(orphan.url, 'SELECT 1 AS alive')).toEqual([{ alive: 1 }])

    const adopted = await start()
    expect({ pid: adopted.pid, url: adopted.url }).toEqual({ pid: orphan.pid, url: orphan.url })
    await adopted.stop()
    expect(await processIdentity(orphan.pid)).toBeUndefined()
  })
})

/** Linux: the sixth field of proc_pid_stat(5). Elsewhere a detached process leads its own group: its id. */
async function sessionOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => `${pid} () S 0 0 ${pid}`)
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3])
}

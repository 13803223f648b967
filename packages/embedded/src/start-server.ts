import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { DataLayout } from './data-layout.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import type { Binaries } from './find-binaries.ts'
import { freePort, isPortFree } from './free-port.ts'
import { disownStalePid, runningPostmaster } from './postmaster-file.ts'
import type { Postmaster } from './postmaster-file.ts'
import { replaceFile } from './replace-file.ts'
import { runCommand } from './run-command.ts'
import type { ServerAccount } from './server-account.ts'
import { logLength, logSince } from './server-log.ts'
import { writeSettings } from './write-settings.ts'

/** How long crash recovery may take before we give up waiting for it. */
const readyTimeoutSeconds = 120
/** How long processes of a killed server may need to notice that it is gone. */
const survivorsTimeoutMs = 30_000

export type ServerStart = {
  layout: DataLayout
  binaries: Binaries
  account: ServerAccount
  port: number | undefined
  settings: Record<string, string>
}

/**
 * Starts the server and waits until it accepts connections. `pg_ctl` gives it a session of its own, so that Ctrl-C in
 * the terminal does not reach it.
 *
 * @throws EmbeddedPostgresError `start_failed`, `port_in_use`
 */
export async function startServer(start: ServerStart): Promise<Postmaster> {
  const giveUpAt = Date.now() + survivorsTimeoutMs
  for (let portsLost = 0; ;) {
    const port = await choosePort(start.layout, start.port)
    const failure = await tryStart(start, port)
    if (failure === undefined) break

    const portLost = failure.includes('could not create any TCP/IP sockets') && start.port === undefined
    const survivors = failure.includes('is still in use') && Date.now() < giveUpAt
    if (portLost) portsLost += 1
    if ((!portLost || portsLost > 3) && !survivors) {
      throw startFailed(`PostgreSQL did not start:\n${failure}\nIts log: ${start.layout.log}`)
    }
    if (survivors) await delay(300)
  }
  const postmaster = await runningPostmaster(start.layout)
  if (postmaster === undefined) throw startFailed(`PostgreSQL stopped at once; see ${start.layout.log}`)
  await replaceFile(start.layout.port, `${postmaster.port}\n`)
  return postmaster
}

/** Returns what went wrong, or `undefined`. */
async function tryStart(start: ServerStart, port: number): Promise<string | undefined> {
  const { layout, binaries, account } = start
  await writeSettings(layout, port, start.settings)
  await disownStalePid(layout)
  const before = await logLength(layout.log)
  const wait = ['--wait', `--timeout=${readyTimeoutSeconds}`]
  const args = ['start', `--pgdata=${layout.cluster}`, `--log=${layout.log}`, ...wait]
  const result = await runCommand(binaries.pgCtl, args, account)
  if (result.ok) return undefined
  return `${await logSince(layout.log, before)}\n${result.output}`
}

/** The port of the last start keeps connection strings valid, so it is used again while it is free. */
async function choosePort(layout: DataLayout, wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (await isPortFree(wanted)) return wanted
    throw new EmbeddedPostgresError('port_in_use', `Port ${wanted} of 127.0.0.1 is taken by another program.`)
  }
  const last = Number(await readFile(layout.port, 'utf8').catch(() => ''))
  return Number.isInteger(last) && last > 0 && (await isPortFree(last)) ? last : freePort()
}

function startFailed(message: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError('start_failed', message)
}

import { execFile } from 'node:child_process'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { judge, mustHold, needsOf } from '../support/judge.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const run = promisify(execFile)

const fullMs = 8_000

async function mountSmallDisk(context: FaultContext): Promise<string | undefined> {
  const folder = join(context.folder, 'disk')
  await mkdir(folder, { recursive: true })
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=420m,mode=1777', 'tmpfs', folder])
  } catch {
    return undefined
  }
  context.cleanUp(async () => {
    await run('umount', ['-l', folder])
    await rm(folder, { recursive: true, force: true })
  })
  return folder
}

export const scenario: Scenario = {
  id: 'F34',
  title: 'the disk of Postgres is full',
  backends: bothBackends,
  run: async (context) => {
    const disk = await mountSmallDisk(context)
    if (disk === undefined) return needsOf('the right to mount a small tmpfs (root, or a user namespace)')
    const postgres = await context.privatePostgres({ max_wal_size: '64MB' }, disk)
    const databaseUrl = postgres.url
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const load = startLoad(stack, { body: { order: { note: 'x'.repeat(20_000) } } })
    await lasts(2_000)
    const filler = join(disk, 'filler')
    await writeFile(filler, Buffer.alloc(400 * 1_048_576)).catch(() => undefined)
    await lasts(fullMs)
    const refused = stack.client.calls.filter(({ status }) => status === 503).length
    await rm(filler, { force: true })
    await lasts(1_000)
    // A server that panicked over its log is started again by whoever runs it.
    await postgres.start().catch(() => undefined)
    await lasts(4_000)
    await load.stop()
    // A worker that can read and not write is ready, and must not send what it cannot mark.
    const finding = await judge(stack, { calls: { unavailable: true }, lateMs: fullMs })
    mustHold(finding, refused > 0, 'F34 the disk was not full: no call was refused')
    return finding
  },
}

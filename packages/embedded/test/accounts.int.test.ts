import { access, chmod, constants, cp, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { findBinaries } from '../src/find-binaries.ts'
import { canEnter } from '../src/prepare-folder.ts'
import { reachableBinaries } from '../src/reachable-binaries.ts'
import { runCommand } from '../src/run-command.ts'
import { serverAccount } from '../src/server-account.ts'
import { startInProcess } from './support/start-in-process.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

const nobody = { uid: 65_534, gid: 65_534 }
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeAll(async () => {
  folder = await temporaryFolder()
})

afterAll(() => folder.remove())

it('starts for an ordinary user: nobody if root runs this test, else the user who does', async () => {
  await chmod(folder.path, 0o777)
  const user = (await nobodyCanRunUs()) ? nobody : {}
  const server = await startInProcess(join(folder.path, 'pg'), 'stop', user)
  expect(server.version).toMatch(/^18\./)
  expect(server.uid).toBe(user === nobody ? nobody.uid : process.getuid?.())
})

it('gives the server binaries that its account can run, copied out of a closed folder for root', async () => {
  const closed = join(folder.path, 'home')
  await mkdir(closed)
  const original = join(closed, 'native')
  await cp(await findBinaries(), original, { recursive: true, verbatimSymlinks: true })
  await cp(join(await findBinaries(), '..', 'package.json'), join(closed, 'package.json'))
  await chmod(closed, 0o700)

  const account = await serverAccount()
  const lines: string[] = []
  const binaries = await reachableBinaries(original, join(folder.path, 'copy'), account, (line) =>
    lines.push(line),
  )
  expect(await runCommand(binaries.postgres, ['--version'], account)).toMatchObject({ ok: true })
  expect(await runCommand(binaries.initdb, ['--version'], account)).toMatchObject({ ok: true })
  const copied = account.ids !== undefined
  expect(binaries.postgres.startsWith(join(folder.path, 'copy'))).toBe(copied)
  expect(lines).toHaveLength(copied ? 1 : 0)
})

/** Only root can become nobody, and nobody needs to get at node and at this repository. */
async function nobodyCanRunUs(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false
  const repository = fileURLToPath(new URL('../../..', import.meta.url))
  await access(repository, constants.R_OK)
  const runsNode = await runCommand(process.execPath, ['--version'], { ids: nobody })
  return runsNode.ok && (await canEnter(repository, { ids: nobody }))
}

import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { dataDirFor, freePort, startEmbeddedPostgres } from '@waybill/embedded'
import { temporaryFolder } from './support/temporary-folder.ts'
import { startInProcess } from './support/start-in-process.ts'

const isRoot = process.getuid?.() === 0
const logger = () => {}
let folder: Awaited<ReturnType<typeof temporaryFolder>>

beforeAll(async () => {
  folder = await temporaryFolder()
})

afterAll(() => folder.remove())

describe('startEmbeddedPostgres refuses, and says what to do, when', () => {
  it('the folder holds something else', async () => {
    const dataDir = join(folder.path, 'letters')
    await mkdir(dataDir)
    await writeFile(join(dataDir, 'dear-diary.txt'), 'private')
    await expect(startEmbeddedPostgres({ dataDir, logger })).rejects.toMatchObject({
      code: 'folder_not_ours',
      message: expect.stringContaining(dataDir),
    })
  })

  it('a folder above the data is closed to the account of the server', async () => {
    const closed = join(folder.path, 'closed')
    await mkdir(closed)
    // Root may enter everything, the account it lends the server may not; an ordinary user is shut out by mode 0.
    await chmod(closed, isRoot ? 0o700 : 0)
    const dataDir = join(closed, 'pg')
    await expect(startEmbeddedPostgres({ dataDir, logger })).rejects.toMatchObject({
      code: 'folder_unreachable',
      message: expect.stringContaining(closed),
    })
    await chmod(closed, 0o700)
  })

  it('the port it was told to use is taken, or its owner still runs', async () => {
    const dataDir = join(folder.path, 'pg')
    const taken = createServer().listen(0, '127.0.0.1')
    await new Promise((listening) => taken.once('listening', listening))
    const { port } = taken.address() as AddressInfo
    await expect(startEmbeddedPostgres({ dataDir, port, logger })).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(String(port)),
    })
    taken.close()

    const server = await startEmbeddedPostgres({ dataDir, port: await freePort(), logger })
    await expect(startInProcess(dataDir, 'stop')).rejects.toThrow(`(${process.pid}). Stop that one first`)
    await server.stop()
  })

  it('the password of an existing database is gone', async () => {
    const dataDir = join(folder.path, 'forgotten')
    const server = await startEmbeddedPostgres({ dataDir, logger })
    await server.stop('immediate')
    await writeFile(join(dataDir, 'password'), '')
    await expect(startEmbeddedPostgres({ dataDir, logger })).rejects.toMatchObject({ code: 'init_failed' })
  })
})

describe('dataDirFor', () => {
  it('keeps the data inside the repository where the server can get there', async () => {
    const repository = join(folder.path, 'repository')
    await mkdir(repository)
    expect(await dataDirFor(repository)).toBe(join(repository, '.waybill', 'postgres'))
  })

  it('chooses a folder outside, and says so, where a folder above the repository is closed', async () => {
    const home = join(folder.path, 'home')
    const repository = join(home, 'repository')
    await mkdir(repository, { recursive: true })
    // As above: what shuts out the account of the server differs for root and for an ordinary user.
    await chmod(isRoot ? home : repository, isRoot ? 0o700 : 0o500)
    const said: string[] = []
    const chosen = await dataDirFor(repository, (line) => said.push(line))
    expect(chosen.startsWith(folder.path)).toBe(false)
    expect(said).toEqual([expect.stringContaining(chosen)])
    expect(await dataDirFor(repository)).toBe(chosen)

    await chmod(isRoot ? home : repository, 0o755)
    await rm(chosen, { recursive: true, force: true })
  })
})

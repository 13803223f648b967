import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { writePrivateFile } from './write-private-file.ts'

/** The installation's key from its file, made at the first start: ids and secrets hang on it for as long as the data lives. */
export async function keepMasterKey(path: string): Promise<Buffer> {
  const kept = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (kept !== undefined) {
    const key = Buffer.from(kept.trim(), 'base64')
    if (key.length === 32) return key
    throw new Error(
      `${path} does not hold a key of 32 bytes; put it back, or remove it and start with --reset`,
    )
  }
  const key = randomBytes(32)
  await writePrivateFile(path, `${key.toString('base64')}\n`)
  return key
}

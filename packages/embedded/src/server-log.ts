import { readFile, stat } from 'node:fs/promises'

/** Length of the log in bytes; 0 when there is none yet. */
export async function logLength(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  )
}

/** The last lines written after `from` (bytes). */
export async function logSince(path: string, from: number): Promise<string> {
  const log = await readFile(path).catch(() => Buffer.alloc(0))
  return log.subarray(from).toString('utf8').trim().split('\n').slice(-12).join('\n')
}

import { open } from 'node:fs/promises'
import { join } from 'node:path'

const writes = 200
const pageBytes = 8_192

/** Median milliseconds of writing one page and waiting for the disk, in `folder`: latencies mean little without it. */
export async function probeFsync(folder: string): Promise<number> {
  const file = await open(join(folder, 'fsync-probe'), 'w')
  try {
    const page = Buffer.alloc(pageBytes, 1)
    const times: number[] = []
    for (let i = 0; i < writes; i += 1) {
      const startedAt = performance.now()
      await file.write(page, 0, pageBytes, i * pageBytes)
      await file.datasync()
      times.push(performance.now() - startedAt)
    }
    return times.sort((a, b) => a - b)[writes / 2] ?? Number.NaN
  } finally {
    await file.close()
  }
}

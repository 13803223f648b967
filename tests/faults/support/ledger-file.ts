import { open } from 'node:fs/promises'

/** A file of JSON lines that were on the disk when `add` resolved. */
export type LedgerFile = {
  path: string
  add(line: unknown): Promise<void>
  close(): Promise<void>
}

/** Lines that come while one flush runs share the next: an fsync costs the same for one as for a hundred. */
export async function openLedgerFile(path: string): Promise<LedgerFile> {
  const file = await open(path, 'a')
  let gathered: string[] = []
  let last = Promise.resolve()
  let next: Promise<void> | undefined
  let closed = false
  const flush = async () => {
    next = undefined
    const text = gathered.join('')
    gathered = []
    await file.appendFile(text)
    await file.datasync()
  }
  return {
    path,
    add: (line) => {
      // A scenario that broke off may still have calls under way.
      if (closed) return Promise.resolve()
      gathered.push(`${JSON.stringify(line)}\n`)
      next ??= last = last.then(flush)
      return next
    },
    close: async () => {
      closed = true
      await last
      await file.close()
    },
  }
}

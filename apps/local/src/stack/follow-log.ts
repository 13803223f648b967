import { open } from 'node:fs/promises'

const everyMs = 250
const maxChunk = 65_536

export type LogFollower = { stop(): Promise<void> }

/** Reads the lines that are appended to a file, from its beginning; `stop` reads what is left. */
export function followLog(path: string, onLine: (line: string) => void): LogFollower {
  let position = 0
  let rest = ''
  let reading: Promise<void> = Promise.resolve()
  const read = async () => {
    const file = await open(path, 'r')
    try {
      const buffer = Buffer.alloc(maxChunk)
      for (;;) {
        const { bytesRead } = await file.read(buffer, 0, maxChunk, position)
        if (bytesRead === 0) return
        position += bytesRead
        const lines = (rest + buffer.toString('utf8', 0, bytesRead)).split('\n')
        rest = lines.pop() ?? ''
        lines.filter((line) => line !== '').forEach(onLine)
      }
    } finally {
      await file.close()
    }
  }
  const next = () => (reading = reading.then(read).catch(() => {}))
  const timer = setInterval(() => void next(), everyMs)
  return {
    stop: async () => {
      clearInterval(timer)
      await next()
    },
  }
}

import type { ChildProcessByStdio } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'

export type ProcessLine = {
  stream: 'stdout' | 'stderr'
  text: string
  /** The line's fields when it is a JSON object, else none. */
  fields: Record<string, unknown>
}

export type ProcessExit = { code: number | null; signal: NodeJS.Signals | null }

export type CollectedLines = {
  /** Everything printed so far. */
  lines: readonly ProcessLine[]
  /** The first line, printed already or within `timeoutMs` (20 s), that fits. Throws when the process ends first. */
  waitForLine(predicate: (line: ProcessLine) => boolean, timeoutMs?: number): Promise<ProcessLine>
}

/** Reads what a child prints, line by line. */
export function collectLines(
  child: ChildProcessByStdio<null, Readable, Readable>,
  exited: Promise<ProcessExit>,
): CollectedLines {
  const lines: ProcessLine[] = []
  const watchers = new Set<(line: ProcessLine) => void>()
  for (const stream of ['stdout', 'stderr'] as const) {
    createInterface({ input: child[stream] }).on('line', (text) => {
      const line = { stream, text, fields: parseFields(text) }
      lines.push(line)
      for (const watch of watchers) watch(line)
    })
  }
  const nextLine = (predicate: (line: ProcessLine) => boolean, timeoutMs: number) =>
    new Promise<ProcessLine>((resolve, reject) => {
      const settle = (finish: () => void) => {
        watchers.delete(watch)
        clearTimeout(timer)
        finish()
      }
      const watch = (line: ProcessLine) => predicate(line) && settle(() => resolve(line))
      const fail = (what: string) =>
        settle(() => reject(new Error(`${what}; its last lines:\n${lastLines(lines)}`)))
      const timer = setTimeout(() => fail(`No such line within ${timeoutMs} ms`), timeoutMs)
      watchers.add(watch)
      exited.then(
        ({ code, signal }) => fail(`The process ended (${signal ?? `code ${code}`})`),
        (error: unknown) => fail(String(error)),
      )
    })
  return {
    lines,
    waitForLine: async (predicate, timeoutMs = 20_000) =>
      lines.find(predicate) ?? (await nextLine(predicate, timeoutMs)),
  }
}

function lastLines(lines: ProcessLine[]): string {
  return lines
    .slice(-15)
    .map(({ text }) => text)
    .join('\n')
}

function parseFields(text: string): Record<string, unknown> {
  if (!text.startsWith('{')) return {}
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}

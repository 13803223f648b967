import type { Writable } from 'node:stream'

/** Where the stack speaks to a person. */
export type Terminal = { say(line?: string): void; readonly colours: boolean }

type Output = Writable & { isTTY?: boolean }

/** A terminal may vanish before the stack does; a line that nobody can read is lost, and nothing else. */
export function createTerminal(output: Output, env: NodeJS.ProcessEnv): Terminal {
  output.on('error', () => {})
  return {
    say: (line = '') => void output.write(`${line}\n`),
    colours: output.isTTY === true && !env['NO_COLOR'],
  }
}

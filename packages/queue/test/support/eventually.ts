import { setTimeout as sleep } from 'node:timers/promises'

/** Asks again until `holds` is true; fails after `limitMs`, generous because the machine may be busy. */
export const eventually = async (what: string, holds: () => boolean | Promise<boolean>, limitMs = 20_000) => {
  const until = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > until) throw new Error(`still not so after ${limitMs} ms: ${what}`)
    await sleep(20)
  }
}

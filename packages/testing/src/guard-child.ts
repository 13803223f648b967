import type { ChildProcess } from 'node:child_process'
import { runAfterDeath } from './run-after-death.ts'

/** Sees to it that a child that leads its own process group, and what it started, does not outlive this process. */
export function guardChild(child: ChildProcess): void {
  if (child.pid === undefined) return
  const guard = runAfterDeath('kill -s KILL -- "-$1"', [String(child.pid)])
  // At once, because the id may soon be somebody else's.
  child.once('exit', () => guard.cancel())
}

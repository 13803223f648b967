import { readProfile } from './read-profile.ts'
import type { SelfTime } from './read-profile.ts'
import type { Window } from './run-load.ts'

const shown = 40
const shownModules = 16

/** `cpuMicroseconds`: what the kernel says the process used per delivery. */
export type Profiled = { process: string; file: string; windows: readonly Window[]; cpuMicroseconds: number }

/**
 * The functions of each process that took most time themselves while it was measured, and the modules. Only the shares are
 * the profile's: its own times include those in which the process wanted a core and others had it.
 */
export async function printProfiles(profiles: readonly Profiled[]): Promise<void> {
  for (const { process, file, windows, cpuMicroseconds } of profiles) {
    const { functions, modules } = await readProfile(file, windows)
    console.log(
      `\nCPU profile of ${process}: self time, ${cpuMicroseconds.toFixed(0)} µs per delivery in all (${file})`,
    )
    const print = (times: readonly SelfTime[]) => {
      for (const { where, percent } of times) {
        const microseconds = (percent / 100) * cpuMicroseconds
        console.log(`${percent.toFixed(1).padStart(6)} %${microseconds.toFixed(1).padStart(7)} µs  ${where}`)
      }
    }
    print(functions.slice(0, shown))
    console.log('  by module:')
    print(modules.slice(0, shownModules))
  }
}

/** What has to be ended, in the reverse order of how it began. */
export type Ending = {
  later(what: string, end: () => Promise<unknown>): void
  /** Ends everything. A step that fails is told and does not keep the others from running. */
  run(onFailure: (what: string, error: unknown) => void): Promise<boolean>
}

export function createEnding(): Ending {
  const steps: { what: string; end: () => Promise<unknown> }[] = []
  return {
    later: (what, end) => void steps.push({ what, end }),
    run: async (onFailure) => {
      let ok = true
      for (let step = steps.pop(); step; step = steps.pop()) {
        try {
          await step.end()
        } catch (error) {
          ok = false
          onFailure(step.what, error)
        }
      }
      return ok
    },
  }
}

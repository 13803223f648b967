/** Passes each change of a problem on once, found and gone; that there is none at first is no change. */
export function tellChanges(
  found: (problem: string) => void,
  gone: () => void,
): (problem: string | undefined) => void {
  let told: string | undefined
  return (problem) => {
    if (problem === told) return
    told = problem
    if (problem === undefined) gone()
    else found(problem)
  }
}

/** A statement of postgres.js: a promise that begins its work when somebody waits for it. */
type Statement = Promise<unknown> & { handle: () => unknown }

type Callable = (...given: never[]) => unknown

const isStatement = (value: unknown): value is Statement =>
  value instanceof Promise && typeof (value as Partial<Statement>).handle === 'function'

/**
 * The same client, telling `onSilent` of every statement and transaction that has neither ended nor failed after
 * `silentMs`. A peer that vanished says nothing, and TCP alone would wait for it for many minutes.
 *
 * @param silentMs longer than the server lets any statement run
 */
export function watchStatements<Client extends Callable>(
  client: Client,
  silentMs: number,
  onSilent: () => void,
): Client {
  const watch = (work: Promise<unknown>): void => {
    const timer = setTimeout(onSilent, silentMs)
    const stop = () => clearTimeout(timer)
    // Not work.then(): a statement's own begins it.
    void Promise.prototype.then.call(work, stop, stop)
  }
  const watched = (made: unknown): unknown => {
    if (!isStatement(made)) return made
    const begin = made.handle.bind(made)
    made.handle = () => {
      made.handle = begin
      watch(made)
      return begin()
    }
    return made
  }
  return new Proxy(client, {
    apply: (target, self, given: unknown[]) =>
      watched(Reflect.apply(target as unknown as (...all: unknown[]) => unknown, self, given)),
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if ((name !== 'unsafe' && name !== 'begin') || typeof member !== 'function') return member
      return (...given: unknown[]) => {
        const made: unknown = Reflect.apply(member as (...all: unknown[]) => unknown, target, given)
        if (name === 'unsafe') return watched(made)
        watch(made as Promise<unknown>)
        return made
      }
    },
  })
}

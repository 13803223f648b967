/**
 * A statement of postgres.js: a promise that begins its work when somebody waits for it. `state` is set once it is sent;
 * until then it waits for a free connection.
 */
type Statement = Promise<unknown> & { handle: () => unknown; state: unknown }

type Callable = (...given: never[]) => unknown

const isStatement = (value: unknown): value is Statement =>
  value instanceof Promise && typeof (value as Partial<Statement>).handle === 'function'

/**
 * The same client, telling `onSilent` of every statement that was sent, and every transaction, that has neither ended nor
 * failed after `silentMs`. A peer that vanished says nothing, and TCP alone would wait for it for many minutes.
 *
 * @param silentMs longer than the server lets any statement run
 */
export function watchStatements<Client extends Callable>(
  client: Client,
  silentMs: number,
  onSilent: () => void,
): Client {
  const watch = (work: Promise<unknown>, isSent: () => boolean): void => {
    let timer: NodeJS.Timeout
    const start = (): void => {
      timer = setTimeout(() => (isSent() ? onSilent() : start()), silentMs)
    }
    start()
    const stop = () => clearTimeout(timer)
    // Not work.then(): a statement's own begins it.
    void Promise.prototype.then.call(work, stop, stop)
  }
  const watched = (made: unknown): unknown => {
    if (!isStatement(made)) return made
    const begin = made.handle.bind(made)
    made.handle = () => {
      made.handle = begin
      watch(made, () => made.state !== null)
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
        watch(made as Promise<unknown>, () => true)
        return made
      }
    },
  })
}

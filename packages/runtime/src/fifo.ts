/** A queue whose push and shift are O(1): a head index instead of `array.shift`, compacted now and then. */
export interface Fifo<T> {
  push(item: T): void
  peek(): T | undefined
  shift(): T | undefined
  size(): number
}

const COMPACT_AT = 1_024

export function createFifo<T>(): Fifo<T> {
  let items: (T | undefined)[] = []
  let head = 0
  return {
    push: (item) => void items.push(item),
    peek: () => items[head],
    shift() {
      if (head === items.length) return undefined
      const item = items[head]
      items[head] = undefined // so that a taken item can be collected before the next compaction
      head += 1
      if (head === items.length) {
        items = []
        head = 0
      } else if (head >= COMPACT_AT && head * 2 >= items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
    size: () => items.length - head,
  }
}

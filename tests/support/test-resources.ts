/** What a test run has started so far. Each part adds its end as soon as it has a beginning. */
export class TestResources {
  readonly #ends: { name: string; end: () => Promise<void> }[] = []

  add(name: string, end: () => Promise<void>): void {
    this.#ends.push({ name, end })
  }

  /** Last in, first out. One that fails is reported and does not keep the others. */
  async endAll(): Promise<void> {
    for (const { name, end } of this.#ends.splice(0).reverse()) {
      await end().catch((error: unknown) => console.error(`tests: ${name} could not be ended:`, error))
    }
  }
}

import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

export type { Counter, Gauge, Histogram, Registry }

export interface MetricOptions<Label extends string> {
  registry: Registry
  /** Prometheus name with its base unit: `_seconds`, `_bytes`, `_total`. */
  name: string
  help: string
  /** Label names. Only values from a small fixed set: no ids, no URLs. */
  labels?: readonly Label[]
}

/** A registry of its own for one process, with Node's default metrics unless told otherwise. */
export function createRegistry({ nodeMetrics = true }: { nodeMetrics?: boolean } = {}): Registry {
  const registry = new Registry()
  if (nodeMetrics) collectDefaultMetrics({ register: registry })
  return registry
}

/** A number that only grows. */
export function counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label> {
  return new Counter(shared(options))
}

/** A number that goes up and down; `collect` sets it when it is read. */
export function gauge<Label extends string = never>(
  options: MetricOptions<Label> & { collect?: (gauge: Gauge<Label>) => void | Promise<void> },
): Gauge<Label> {
  const { collect } = options
  return new Gauge({
    ...shared(options),
    ...(collect && {
      collect(this: Gauge<Label>) {
        return collect(this)
      },
    }),
  })
}

/** A distribution over `buckets`, in the unit of the name. */
export function histogram<Label extends string = never>(
  options: MetricOptions<Label> & { buckets?: number[] },
): Histogram<Label> {
  return new Histogram({ ...shared(options), ...(options.buckets && { buckets: options.buckets }) })
}

function shared<Label extends string>({ registry, name, help, labels = [] }: MetricOptions<Label>) {
  return { name, help, labelNames: labels, registers: [registry] }
}

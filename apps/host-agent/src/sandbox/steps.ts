export interface StepTiming {
  readonly name: string
  readonly durationMs: number
}

/** Told before each step of an operation; what it throws is the step's failure */
export type StepObserver = (step: string) => void | Promise<void>

/** Runs the named steps of an operation one after the other and keeps how long each took */
export class Steps {
  readonly #observer: StepObserver | undefined
  readonly #timings: StepTiming[] = []

  constructor(observer?: StepObserver) {
    this.#observer = observer
  }

  get timings(): readonly StepTiming[] {
    return this.#timings
  }

  async run<T>(name: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now()
    try {
      await this.#observer?.(name)
      return await work()
    } finally {
      this.#timings.push({ name, durationMs: Math.round((performance.now() - startedAt) * 10) / 10 })
    }
  }
}

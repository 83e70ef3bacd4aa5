/** Does something for each of `count` indexes, at most `atATime` at once; results are in order */
export async function inParallel<T>(
  count: number,
  atATime: number,
  work: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const worker = async () => {
    while (next < count) {
      const index = next++
      results[index] = await work(index)
    }
  }
  await Promise.all(Array.from({ length: atATime }, worker))
  return results
}

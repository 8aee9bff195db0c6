/** The number of concurrent calls. If a server got all calls at once, it would answer nobody else. */
const AT_ONCE = 16;

/** Calls a function for each item with limited concurrency. Results are in the order of the input. */
export async function concurrently<Of, Answer>(
  all: readonly Of[],
  ask: (each: Of) => Promise<Answer>,
): Promise<Answer[]> {
  const answers: Answer[] = [];
  const left = all.entries();
  const work = async () => {
    for (const [index, each] of left) answers[index] = await ask(each);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, all.length) }, work));
  return answers;
}

/** How many calls are under way at a time. A server that gets all of them together answers nobody else. */
const AT_ONCE = 16;

/** Calls the same for many, some at a time. Results are in the order of the input. */
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

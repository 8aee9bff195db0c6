/** So many questions are under way at once: a server that is asked all of them together answers nobody else. */
const AT_ONCE = 16;

/** Asks the same of many, some at a time. Answers come in the order of what was asked about. */
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

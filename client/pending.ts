import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { legible } from '../workflows/contracts/text/titles.ts';

/** An activity that a run waits for and whose last attempt has ended without an answer. */
export interface Pending {
  activity: string;
  attempt: number;
  /** Why: what failed, or what is still awaited. */
  because: string;
  /** Whether nothing failed: it could only not tell yet. */
  waiting: boolean;
}

type Codec = Client['options']['loadedDataConverter']['payloadCodecs'][number];
type Failure = NonNullable<
  NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]['lastFailure']
>;

/** What the server knows of a run's activities right now: a run itself is told only of what lasts. */
export const pendingOf = async ({ raw }: WorkflowExecutionDescription, codecs: readonly Codec[]): Promise<Pending[]> =>
  Promise.all(
    (raw.pendingActivities ?? []).flatMap(({ activityType, attempt, lastFailure }) =>
      lastFailure
        ? [
            messageOf(lastFailure, codecs).then((message) => ({
              activity: activityType?.name ?? '',
              attempt: attempt ?? 1,
              because: legible(message),
              waiting: lastFailure.applicationFailureInfo?.type === 'NotYet',
            })),
          ]
        : [],
    ),
  );

/** What a failure says. Where payloads are encrypted, so is its message; without the key there is only that it failed. */
async function messageOf({ message, encodedAttributes }: Failure, codecs: readonly Codec[]): Promise<string> {
  if (!encodedAttributes) return message ?? '';
  try {
    let payloads = [encodedAttributes];
    for (const codec of codecs.toReversed()) payloads = await codec.decode(payloads);
    const said = JSON.parse(Buffer.from(payloads[0]!.data!).toString('utf8')) as { message?: string };
    return said.message ?? message ?? '';
  } catch {
    return message ?? '';
  }
}

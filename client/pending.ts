import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { legible } from '../workflows/contracts/text/titles.ts';

/** An activity that a run waits for and whose last attempt did not complete. */
export interface Pending {
  activity: string;
  attempt: number;
  /** The reason: what failed, or what is still pending. */
  because: string;
  /** Whether the activity is polling, and nothing has failed. */
  waiting: boolean;
}

type Codec = Client['options']['loadedDataConverter']['payloadCodecs'][number];
type Failure = NonNullable<
  NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]['lastFailure']
>;

/** The run's pending activities according to the server. The run itself learns only of lasting failures. */
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

/** The message of a failure. With encryption the message is encrypted too, and cannot be read without the key. */
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

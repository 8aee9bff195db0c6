import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let quiet = false;

/** Replays one exported history on this build's workflow code, without a server. */
export async function replay(json: string): Promise<{ ok: boolean; because?: string }> {
  hush();
  try {
    const history = JSON.parse(json) as Exported;
    await Worker.runReplayHistory(
      {
        workflowsPath: at('../../workflows/index.ts'),
        dataConverter: { payloadConverterPath: at('../../workflows/lib/payload-converter.ts') },
      },
      history as never,
      // The run checks its own id against its input: it must be the one it had.
      history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId,
    );
    return { ok: true };
  } catch (failure) {
    return { ok: false, because: (failure as Error).message.split('\n', 1)[0]! };
  }
}

/** Temporal's core prints its warnings on standard output unless told: that is where results belong. */
function hush(): void {
  if (quiet) return;
  quiet = true;
  const logging = { forward: {}, filter: { core: 'ERROR', other: 'ERROR' } } as const;
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging } });
}

interface Exported {
  events?: { workflowExecutionStartedEventAttributes?: { workflowId?: string } }[];
}

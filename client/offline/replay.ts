import { fileURLToPath } from 'node:url';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

let quiet = false;

/** Replays one exported history on this build's workflow code, without a server. */
export async function replay(json: string): Promise<{ ok: boolean; because?: string }> {
  if (!quiet) Runtime.install({ logger: new DefaultLogger('ERROR') });
  quiet = true;
  try {
    await Worker.runReplayHistory(
      {
        workflowsPath: at('../../workflows/index.ts'),
        dataConverter: { payloadConverterPath: at('../../workflows/lib/payload-converter.ts') },
      },
      JSON.parse(json) as never,
    );
    return { ok: true };
  } catch (failure) {
    return { ok: false, because: (failure as Error).message.split('\n', 1)[0]! };
  }
}

import { found } from '../../../../workflows/contracts/bad-fields.ts';
import { BadVariables } from '../../../../worker/configuration/variables.ts';
import { serveCodec } from '../../../codec-server.ts';
import { readConfig } from '../../../config.ts';
import type { Called } from '../../called.ts';
import { Usage } from '../../exit-codes.ts';
import { print } from '../../output.ts';

/** Decrypts payloads for Temporal's Web UI and command line, which do not have our keys. */
export async function codec({ options: { ui }, json }: Called<[], { ui?: string }>): Promise<void> {
  const { codecKeys = [], variables } = readConfig();
  if (codecKeys.length === 0) throw new BadVariables('GATEHOUSE_CODEC_KEYS: expected keys to decrypt with');
  if (ui !== undefined && (!URL.canParse(ui) || new URL(ui).origin !== ui)) {
    throw new Usage(`--ui: expected an origin like http://127.0.0.1:8233, found ${found(ui)}`);
  }
  const origin = ui ?? `http://127.0.0.1:${variables.GATEHOUSE_UI_PORT}`;
  const server = await serveCodec(codecKeys, { port: variables.GATEHOUSE_CODEC_PORT, ui: origin });
  print(json, { endpoint: server.endpoint, ui: origin }, () =>
    [
      `codec server: ${server.endpoint}, for ${origin}`,
      `temporal workflow show --codec-endpoint ${server.endpoint} …`,
    ].join('\n'),
  );
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
  });
  await server.close();
}

import { found as shown } from '../../../workflows/contracts/bad-fields.ts';
import { openForgesToLook } from '../../../worker/looking/opening.ts';
import { readConfig } from '../../config.ts';
import { hostedOf } from '../../forges/findings.ts';
import { createWebhook, webhookAt, webhookSetUp, type WebhookSetUp, type WebhookThere } from '../../forges/webhooks.ts';
import type { Sender } from '../../http/webhooks/signatures.ts';
import { typed } from '../../invocation.ts';
import type { Called } from '../called.ts';
import { EXIT, Usage } from '../exit-codes.ts';
import { print } from '../output.ts';
import { placeOf } from './start.ts';

interface Shown extends WebhookSetUp {
  repository?: string;
  there?: WebhookThere;
  created?: boolean;
}

/** Prints what to enter at the forge, or makes the webhook. */
export async function webhooks({
  args: [written],
  options: { create },
  json,
}: Called<[string?], { create?: boolean }>) {
  if (create && written === undefined) throw new Usage('REPOSITORY: expected the one that gets the webhook');
  const { variables, ...config } = readConfig();
  const forges = await openForgesToLook({ ...config, variables });
  try {
    if (written === undefined) {
      const all = hostedOf(forges).map(({ name }): Shown => webhookSetUp(variables, name as Sender));
      if (all.length === 0) {
        const expected = forges.kinds.map(({ by }) => by).join(', or ');
        throw new Usage(`expected a forge that is configured, by ${expected}${lackingOf(forges.lacking)}`);
      }
      print(json, all, (each) => each.map(textOf).join('\n\n'));
      return EXIT.done;
    }
    const found = forges.find(placeOf(written).repository);
    if ('expected' in found) throw new Usage(`REPOSITORY: ${found.expected}${lackingOf(forges.lacking)}`);
    const { forge, repository } = found;
    if (!forge.at) throw new Usage(`REPOSITORY: expected one of a forge on another machine, found ${shown(written)}`);
    const made = create ? await createWebhook(variables, forge, repository) : undefined;
    const setUp = webhookSetUp(variables, forge.name as Sender, repository);
    const there = made?.is === 'refused' ? ({ is: 'unknown', because: made.because } as const) : undefined;
    const result: Shown = {
      ...setUp,
      repository,
      there: there ?? (await webhookAt(forge, repository, setUp)),
      ...(made && { created: made.is === 'created' }),
    };
    print(json, result, textOf);
    return made?.is === 'refused' ? EXIT.failed : EXIT.done;
  } finally {
    await forges.close();
  }
}

const lackingOf = (lacking: readonly { because: string }[]): string =>
  lacking.map(({ because }) => `; ${because}`).join('');

function textOf({ forge, url, contentType, secret, events, page, repository, there, created }: Shown): string {
  const value = secret.configured ? `the value of ${secret.variable}` : `choose one, and set ${secret.variable} to it`;
  return [
    `${forge}${repository === undefined ? '' : `, ${repository}`}`,
    ...(page === undefined ? [] : [`  page          ${page}`]),
    `  URL           ${url ?? 'set GATEHOUSE_URL to the address at which the forge reaches the HTTP door'}`,
    `  content type  ${contentType}`,
    `  secret        ${value}`,
    `  events        ${events.join(', ')}`,
    ...(there ? [`  there         ${thereOf(there, created)}`] : []),
    ...(there?.is === 'absent' ? [`  make it       ${typed(`webhooks ${repository} --create`)}`] : []),
  ].join('\n');
}

function thereOf(there: WebhookThere, created: boolean | undefined): string {
  if (there.is === 'absent') return 'no';
  if (there.is === 'unknown') return `unknown: ${there.because}`;
  const state = created ? 'yes, it was made now' : 'yes';
  const off = there.active ? '' : '; it is switched off';
  return `${state}${off}${there.lacks.length > 0 ? `; it lacks the events ${there.lacks.join(', ')}` : ''}`;
}

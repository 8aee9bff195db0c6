import { z } from 'zod';
import { found } from '../../../../workflows/contracts/bad-fields.ts';
import { Id } from '../../../../workflows/contracts/pipeline-run.ts';
import { readConfig } from '../../../config.ts';
import { NotFound } from '../../../errors.ts';
import { May } from '../../../http/access/permissions.ts';
import { Tokens, type TokenEntry } from '../../../http/access/tokens.ts';
import { stateOf } from '../../../http/state.ts';
import type { Called } from '../../called.ts';
import { Usage } from '../../exit-codes.ts';
import { print } from '../../output.ts';

interface Options {
  name?: string;
  may?: string;
  workspace?: string;
  days: string;
}

/** Makes, lists and revokes the tokens of the HTTP door. */
export async function token({
  args: [what, named],
  options,
  json,
}: Called<[string?, string?], Options>): Promise<void> {
  const state = stateOf(readConfig());
  const tokens = new Tokens(state);
  try {
    if (what === 'create') return await create(tokens, options, json);
    if (what === 'revoke') return await revoke(tokens, named, json);
    if (what !== undefined && what !== 'list')
      throw new Usage(`token: expected create, list or revoke, found ${found(what)}`);
    const all = await tokens.list();
    print(json, { tokens: all }, () => (all.length === 0 ? 'There are no tokens.' : all.map(lineOf).join('\n')));
  } finally {
    await state.close();
  }
}

async function create(tokens: Tokens, { name, may, workspace, days }: Options, json: boolean): Promise<void> {
  const made = await tokens.create({
    name: given(
      '--name',
      z.string().regex(/^[A-Za-z0-9][\w .@-]{0,63}$/, { error: 'a name of 1 to 64 characters' }),
      name,
    ),
    may: given(
      '--may',
      z.array(May).min(1),
      may?.split(',').map((word) => word.trim()),
    ),
    workspace: workspace === undefined ? undefined : given('--workspace', Id, workspace),
    days: given('--days', z.coerce.number({ error: 'days, 1 to 3650' }).int().min(1).max(3_650), days),
  });
  print(json, made, () => `${made.token}\n\nIt is shown this once. ${lineOf(made)}`);
}

function given<Schema extends z.ZodType>(option: string, schema: Schema, value: unknown): z.output<Schema> {
  const { data, error } = schema.safeParse(value);
  if (error) throw new Usage(`${option}: expected ${error.issues[0]?.message}, found ${found(value)}`);
  return data;
}

async function revoke(tokens: Tokens, named: string | undefined, json: boolean): Promise<void> {
  if (named === undefined) throw new Usage('token revoke: expected the id or the name of a token');
  const revoked = await tokens.revoke(named);
  if (revoked.length === 0) throw new NotFound(`There is no valid token ${named}.`);
  print(json, { revoked }, () => revoked.map(lineOf).join('\n'));
}

function lineOf({ id, name, may, workspace, expiresAt, revokedAt, lastUsedAt }: TokenEntry): string {
  const state = revokedAt ? `revoked ${revokedAt}` : `valid until ${expiresAt}`;
  const used = lastUsedAt ? `last used ${lastUsedAt}` : 'never used';
  return [id, name, may.join(','), workspace ?? 'all workspaces', state, used].join('  ');
}

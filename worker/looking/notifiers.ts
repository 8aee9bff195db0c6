import { NOTIFIERS, notifierNamed, type AdapterVariables } from '../../activities/adapters/variables.ts';
import type { Configuration } from '../../activities/adapters/configuration/configuration.ts';

/** Asks each service to which notices are routed, and looks for routes that reach nobody. Returns a phrase for each fault. */
export async function examineNotifiers(
  variables: AdapterVariables,
  { notify, people }: Pick<Configuration, 'notify' | 'people'>,
): Promise<string[]> {
  const routes = notify ?? variables.GATEHOUSE_NOTIFY;
  const faults: string[] = [];
  for (const name of NOTIFIERS.filter((each) => routes.some(({ adapter }) => adapter === each))) {
    const { lacks, verify } = notifierNamed(name);
    const because = lacks?.(variables) ?? (await verified(name, () => verify?.({ variables })));
    if (because !== undefined) faults.push(`${name}: ${because}`);
  }
  for (const [index, route] of (notify ?? variables.GATEHOUSE_NOTIFY).entries()) {
    const { reaches } = notifierNamed(route.adapter);
    const { channel, people: named } = { channel: undefined, people: undefined, ...route };
    if (!reaches || channel !== undefined) continue;
    const reached = (named ?? Object.keys(people)).filter((person) => people[person]?.[reaches] !== undefined);
    const lost = (named ?? []).filter((person) => !reached.includes(person));
    const at = notify ? `notify[${index}]` : `GATEHOUSE_NOTIFY=${route.adapter}`;
    if (reached.length === 0) faults.push(`${at} reaches nobody: no person has ${reaches}`);
    else if (lost.length > 0) faults.push(`${at} does not reach ${lost.join(', ')}: no ${reaches} under people`);
  }
  return faults;
}

async function verified(name: string, ask: () => Promise<string | undefined> | undefined): Promise<string | undefined> {
  try {
    return await ask();
  } catch (failure) {
    return `${name} cannot be asked: ${(failure as Error).message}`;
  }
}

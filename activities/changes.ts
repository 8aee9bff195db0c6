import picomatch from 'picomatch';
import type { Activities } from '../workflows/contracts/activities.ts';
import { notYet } from './failures.ts';
import type { Ports } from './ports.ts';

type Own = Pick<
  Activities,
  'lookAtChange' | 'changeMoved' | 'settledMergeability' | 'updateFromBase' | 'protectedPaths' | 'merge'
>;

/** What a run asks about its branch and pull request. */
export const changeActivities = ({ forge }: Pick<Ports, 'forge'>, { lookMs }: { lookMs: number }): Own => ({
  lookAtChange: ({ change, known }) => forge.look(change, known),

  async changeMoved({ change, known }) {
    const look = await forge.look(change, known);
    if (look.state === 'open' && look.head === known) {
      throw notYet(`${change.branch} stands at ${known?.slice(0, 8) ?? 'nothing'}, open`, lookMs);
    }
    return look;
  },

  async settledMergeability({ change, known }) {
    const [merges, look] = [await forge.mergeability(change), await forge.look(change, known)];
    const seen = { foreign: look.foreign, state: look.state };
    switch (merges.is) {
      case 'unknown':
        throw notYet(`Whether ${change.branch} merges is not known yet: ${merges.because}`, lookMs);
      case 'nothing':
        return { is: 'nothing', ...seen };
      default:
        if (look.state === 'open' && look.head !== merges.head) throw notYet(`${change.branch} moves`, 100);
        return { ...merges, ...seen };
    }
  },

  async updateFromBase({ change, known }) {
    const update = await forge.updateFromBase(change);
    if (update.is === 'refused') return update;
    const { foreign } = await forge.look(change, known);
    return { ...update, foreign };
  },

  async protectedPaths({ change, head, globs }) {
    const isProtected = picomatch(globs, { dot: true });
    return (await forge.changedPaths(change, head)).filter((path) => isProtected(path)).slice(0, 100);
  },

  merge: ({ change, head, baseHead, task }) =>
    forge.merge(change, { head, baseHead, message: `Merge ${change.branch}: ${task.title}\n\nTask: ${task.id}` }),
});

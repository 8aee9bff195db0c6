import { chown, mkdtemp, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { FORWARDING } from '../../activities/adapters/processes/isolation/forwarding.ts';
import { probe } from '../../activities/adapters/processes/isolation/probing.ts';
import { isolatingScript, NOT_ISOLATED } from '../../activities/adapters/processes/isolation/script.ts';
import { filesHere, viewOf } from '../../activities/adapters/processes/isolation/view.ts';
import { removeFolder } from '../support/folders.ts';
import { isolationHere } from '../support/isolation.ts';
import { program } from '../support/programs.ts';

jest.setTimeout(60_000);

const { works, because } = await isolationHere();
const NOBODY = { uid: 65_534, gid: 65_534 };
/** Only root can become somebody else. */
const isolated = works && process.getuid?.() === 0 ? describe : describe.skip;

/** Whether every user may make network devices here, as on most machines. */
const everybodyMay = works && ((await stat('/dev/net/tun')).mode & 0o006) === 0o006;

/** Runs a command isolated, as a worker of another user would. */
async function asUser(user: typeof NOBODY, inner: typeof NOBODY, command: string) {
  const home = await mkdtemp(path.join(tmpdir(), 'gatehouse-nobody-'));
  await chown(home, user.uid, user.gid);
  const found = await probe(home, process.env['PATH']);
  if ('because' in found) throw new Error(found.because);
  const view = await viewOf({
    ...{ root: home, home, cwd: home, environment: { PATH: '/usr/bin:/bin' }, hidden: [] },
    asRoot: user.uid === 0,
  });
  const script = isolatingScript({
    ...{ tools: found.tools, command, view, folder: path.join(home, 'isolation'), cwd: home, home },
    ...{ ids: { outer: user, inner }, closed: [], files: await filesHere() },
    forwarding: { node: process.execPath, source: FORWARDING },
  });
  const become = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups', '/bin/sh', '-c', script];
  try {
    return await program('setpriv', become, { cwd: home, reject: false });
  } finally {
    await removeFolder(home);
  }
}

isolated(`isolation${because && ` (not here: ${because})`}`, () => {
  const powers =
    'for f in /proc/sys/kernel/core_pattern /proc/sysrq-trigger; do test ! -w $f || echo "may write $f"; done';
  const nests = 'unshare --user --map-root-user true 2> /dev/null && echo nests || echo alone';
  const rights = 'grep -E "^Cap(Prm|Eff|Amb)" /proc/self/status | grep -v 0000000000000000';

  it('as root keeps the command from what root could change without capabilities', async () => {
    const inner = { uid: 1_000, gid: 1_000 };
    const { stdout } = await asUser(
      { uid: 0, gid: 0 },
      inner,
      `id -u; ${powers}; ${nests}; ${rights}; cat /etc/shadow`,
    );
    expect(stdout).toBe('1000\nalone');
  });

  if (!everybodyMay) {
    it('says so to a user who may not make network devices, and leaves nothing that waits', async () => {
      // It returns once nothing has its output open any more.
      const { stdout, stderr, exitCode } = await asUser(NOBODY, NOBODY, 'id -u');
      expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: NOT_ISOLATED });
      expect(stderr).toContain('slirp4netns does not start: open("/dev/net/tun"): Permission denied');
    });
    return;
  }

  it('works for a user without any right, who has their own id inside, and may nest a sandbox', async () => {
    const { stdout, stderr, exitCode } = await asUser(NOBODY, NOBODY, `id -u; ${powers}; ${nests}; ${rights}; exit 7`);
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: '65534\nnests', stderr: '', exitCode: 7 });
  });

  it('bounds how many processes a command of such a user has', async () => {
    const { stdout } = await asUser(NOBODY, NOBODY, 'grep "^Max processes" /proc/self/limits');
    expect(stdout).toMatch(/^Max processes +4096 +4096 /);
  });
});

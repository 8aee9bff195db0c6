import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import path from 'node:path';
import { jest } from '@jest/globals';
import { end } from '../../activities/adapters/processes/processes.ts';
import { isolationHere, IsolationRig, processesIn, processesWith } from '../support/isolation.ts';
import { program } from '../support/programs.ts';
import { until } from '../support/until.ts';

jest.setTimeout(60_000);

const { works, because } = await isolationHere();
const isolated = works ? describe : describe.skip;

let rig: IsolationRig;
beforeEach(async () => {
  rig = await IsolationRig.create();
});
afterEach(() => rig.dispose());

isolated(`an isolated command${because && ` (not here: ${because})`}`, () => {
  it('finds no key: not in files, homes, variables or other processes', async () => {
    const at = (...names: string[]) => path.join(rig.home, ...names);
    for (const folder of ['keys', 'home/.config', 'data/jobs/other/tree', 'settings'])
      await mkdir(at(folder), { recursive: true });
    const key = (name: string) => `planted-${name}`;
    await writeFile(at('keys', 'token'), key('named-by-variable'));
    await writeFile(at('keys', 'secret'), key('secret'));
    await writeFile(at('settings', 'gatehouse.yml'), key('configuration'));
    await writeFile(at('home', '.config', 'hosts.yml'), key('home'));
    await writeFile(at('data', 'state.db'), key('database'));
    await writeFile(at('data', 'jobs', 'other', 'tree', 'code.txt'), key('another checkout'));
    const environment = {
      ...process.env,
      HOME: at('home'),
      GATEHOUSE_GITHUB_TOKEN_FILE: at('keys', 'token'),
      GATEHOUSE_GITEA_TOKEN: key('variable'),
      AWS_SECRET_ACCESS_KEY: key('plain'),
    };
    const other = spawn('sleep', ['600'], { env: { ...process.env, KEY: key('process') }, stdio: 'ignore' });
    try {
      const isolation = rig.open({
        environment,
        hidden: () => [at('keys', 'secret'), at('settings', 'gatehouse.yml')],
      });
      // Control: a command that is not isolated finds all of them.
      const look = `P=plan; { env; cat /proc/*/environ /proc/*/cmdline | tr '\\0' '\\n'; grep -rhs "" ${rig.home} "$HOME"; } 2>/dev/null | grep -ao "\${P}ted-[a-z ][a-z ]*" | sort -u`;
      const { printed } = await rig.run(isolation, `${look}; echo looked`);
      expect(printed).toBe('looked\n');
      // A folder of programs within the operator's home, with the data folder in it.
      const within = { ...environment, HOME: path.dirname(rig.home), PATH: `${rig.home}:${process.env['PATH']}` };
      const { printed: seen } = await rig.run(rig.open({ environment: within }), `${look}; echo looked`);
      // Nothing names these as secret. A checkout below /tmp is not seen at all, because /tmp is private.
      const found = rig.home.startsWith('/tmp/') ? '' : 'planted-configuration\nplanted-home\n';
      expect(seen).toBe(`${found}looked\n`);
      const { stdout } = await program('/bin/sh', ['-c', look], { env: environment });
      expect(stdout.split('\n')).toHaveLength(9);
    } finally {
      other.kill();
    }
  });

  it('has an environment from an allow-list, and a home that is kept for its repository and kind', async () => {
    const environment = { ...process.env, LANG: 'C.UTF-8', LC_TIME: 'C', TZ: 'UTC', EDITOR: 'vi', HOME: '/root' };
    const isolation = rig.open({ environment });
    const { printed } = await rig.run(isolation, 'echo kept > "$HOME/cache"; env', {
      env: { CI: 'true', TOKEN: 'given' },
    });
    const names = printed
      .split('\n')
      .filter(Boolean)
      .map((line) => line.split('=')[0]!)
      .sort();
    expect(names).toEqual([
      'CI',
      'GATEHOUSE_PROCESS',
      'HOME',
      'LANG',
      'LC_TIME',
      'PATH',
      'PWD',
      'TMPDIR',
      'TOKEN',
      'TZ',
    ]);
    expect(await rig.run(isolation, 'cat "$HOME/cache"')).toMatchObject({ code: 0, printed: 'kept\n' });
    const others = [
      { kind: 'agent' },
      { kind: 'preview' },
      { repository: 'https://forge.example/acme/other' },
      { fork: true },
    ] as const;
    for (const over of others) expect(await rig.run(isolation, 'cat "$HOME/cache"', over)).toMatchObject({ code: 1 });
  });

  it('reaches nothing of this machine: neither loopback, nor its addresses, nor what is closed', async () => {
    const server = createServer((socket) => socket.end('reached'));
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const { port } = server.address() as AddressInfo;
    const own = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .map(({ address }) => address);
    const hosts = ['127.0.0.1', 'localhost', '::1', '10.0.2.2', '169.254.169.254', hostname(), ...own];
    const ask = `
      const { connect } = require('node:net');
      for (const host of ${JSON.stringify(hosts)}) {
        const socket = connect({ host, port: ${port}, timeout: 1500 });
        socket.on('data', (said) => console.log(host, String(said))).on('error', () => undefined).on('timeout', () => socket.destroy());
      }`;
    try {
      const isolation = rig.open({ closed: ['192.0.2.77', 'localhost'] });
      const script = `node -e "$ASK"; cat /proc/net/route; ip route get 192.0.2.77 2>&1; ip route del blackhole 192.0.2.77 2>&1 || echo kept; echo asked`;
      const { printed } = await rig.run(isolation, script, { env: { ASK: ask } });
      expect(printed).not.toContain('reached');
      expect(printed).toMatch(/^tap0\t00000000\t0202000A/m); // it has a way out
      if (printed.includes('RTNETLINK')) expect(printed).toMatch(/RTNETLINK answers: Invalid argument[^]*kept/);
      expect(printed).toMatch(/asked\n$/);
      const { stdout } = await program('node', ['-e', ask]); // control
      expect(stdout).toContain('127.0.0.1 reached');
    } finally {
      server.close();
    }
  });

  it('changes its checkout, its home and a private /tmp, and nothing else', async () => {
    await writeFile(path.join(rig.home, 'mine'), 'mine');
    const places = [
      `${rig.home}/mine`,
      '/etc/passwd',
      '/usr/written',
      '/run/written',
      rig.data,
      `${process.cwd()}/written`,
    ];
    const script = `
      for place in ${places.join(' ')}; do { echo theirs > $place; } 2>/dev/null && echo "wrote $place"; done
      rm -rf ${rig.home}/mine ../../../jobs 2>/dev/null
      mkdir -p /tmp/a && echo x > /tmp/a/b && echo x > made && echo x > "$HOME/made" && echo done`;
    const { printed, tree } = await rig.run(rig.open(), script);
    expect(printed).toBe('done\n');
    expect(await readFile(path.join(rig.home, 'mine'), 'utf8')).toBe('mine');
    expect(await readFile(path.join(tree, 'made'), 'utf8')).toBe('x\n');
    expect([
      existsSync('/tmp/a/b'),
      existsSync('/usr/written'),
      existsSync(path.join(process.cwd(), 'written')),
    ]).toEqual([false, false, false]);
    const { printed: read } = await rig.run(rig.open(), 'echo x > made || echo refused', { reads: true });
    expect(read).toBe('refused\n');
  });

  it('takes everything with it that it has started, also what hides', async () => {
    const mark = String(700_000 + process.pid);
    const script = `env -i setsid /bin/sh -c 'cd /; exec sleep ${mark}' & sleep 0.2; echo begun`;
    expect(await rig.run(rig.open(), script)).toMatchObject({ code: 0, printed: 'begun\n' });
    expect(await processesWith(`sleep\0${mark}`)).toEqual([]);

    const { run } = await rig.start(rig.open(), `${script}; trap 'echo bye; exit 3' TERM; while :; do sleep 0.1; done`);
    await until('it hides', async () => (await processesWith(`sleep\0${mark}`)).length > 0 || undefined);
    await until('it has begun', async () => (await readFile(path.join(run, 'stdout.log'), 'utf8')) !== '' || undefined);
    await end(run, { graceMs: 5_000 });
    expect(await processesWith(`sleep\0${mark}`)).toEqual([]);
    expect(await processesIn(rig.home)).toEqual([]);
    expect(await readFile(path.join(run, 'stdout.log'), 'utf8')).toBe('begun\nbye\n'); // SIGTERM came first
  });

  it('dies with its supervisor, and its network too', async () => {
    const { run } = await rig.start(rig.open(), 'echo begun; sleep 600');
    await until('it has begun', async () => (await readFile(path.join(run, 'stdout.log'), 'utf8')) !== '' || undefined);
    const own = await processesIn(rig.home);
    const shells = (await processesWith('gatehouse could not isolate')).filter((pid) => own.includes(pid));
    const group = JSON.parse(await readFile(path.join(run, 'process.json'), 'utf8')) as { pid: number };
    for (const pid of shells) if (pid !== group.pid) process.kill(pid, 'SIGKILL');
    await until('all of it is gone', async () => (await processesIn(rig.home)).length === 0 || undefined);
  });

  it.each([['127.0.0.1'], ['::1']])('is reached on its port, if it is a preview that listens on %s', async (host) => {
    const free = createServer();
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const script = `exec node -e "require('http').createServer((q, r) => r.end('served ' + q.url)).listen(${port}, '${host}')"`;
    const { run } = await rig.start(rig.open(), script, { kind: 'preview', port });
    const ask = () =>
      fetch(`http://127.0.0.1:${port}/x`).then(
        (answer) => answer.text(),
        () => undefined,
      );
    expect(await until('it answers', ask)).toBe('served /x');
    await end(run, { graceMs: 500 });
    await until('nobody listens', async () => (await ask()) === undefined || undefined);
    await until('what forwarded has ended', async () => (await processesIn(rig.home)).length === 0 || undefined);
  });

  it('gets the sign-in of the operator if it is an agent for which it was allowed, to read', async () => {
    const home = path.join(rig.home, 'home');
    await mkdir(path.join(home, '.codex'), { recursive: true });
    await writeFile(path.join(home, '.codex', 'auth.json'), 'signed in');
    const isolation = rig.open({ environment: { ...process.env, HOME: home } });
    const script =
      'cat "$HOME/.codex/auth.json"; echo x > "$HOME/.codex/auth.json" || echo read-only; echo x > "$HOME/.codex/session"';
    const signIn = ['.codex/auth.json'];
    expect((await rig.run(isolation, script, { kind: 'agent', signIn })).printed).toBe('signed inread-only\n');
    expect((await rig.run(isolation, 'cat "$HOME/.codex/auth.json" || echo none', { kind: 'agent' })).printed).toBe(
      'none\n',
    );
    expect((await rig.run(isolation, 'cat "$HOME/.codex/auth.json" || echo none')).printed).toBe('none\n');
    // A link of the agent leads no mount elsewhere.
    const link = 'mv "$HOME/.codex" "$HOME/was"; ln -s /oldroot/etc "$HOME/.codex"';
    const linking = await rig.run(isolation, link, { kind: 'agent', signIn: ['.other'] });
    expect(linking).toMatchObject({ code: 0 });
    const again = await rig.run(isolation, 'cat "$HOME/.codex/auth.json" || echo none', { kind: 'agent', signIn });
    expect(again.printed).toBe('none\n');
  });

  it('passes on its input, its output and its exit code, and says why it could not be isolated', async () => {
    const isolation = rig.open();
    expect(await rig.run(isolation, `echo "it's \\"$PWD\\" \\$x" >&2; exit 7`)).toMatchObject({
      code: 7,
      complained: expect.stringMatching(/^it's ".*tree" \$x\n$/),
    });
    expect(await rig.run(isolation, 'kill -s KILL $$')).toMatchObject({ code: 137 });
    expect(await rig.run(isolation, 'true', { folder: '/proc/nowhere' })).toMatchObject({
      code: 75,
      complained: expect.stringContaining('gatehouse could not isolate this command: its pipes cannot be made'),
    });
  });
});

it('is not asked of a repository on this machine, unless the operator wants it', async () => {
  const environment = { PATH: '/bin', HOME: '/home/ana', TOKEN: 'x', GATEHOUSE_X: 'y' };
  const use = { repository: '/src/shop', kind: 'agent', command: 'true', cwd: rig.home, folder: rig.home } as const;
  const here = rig.open({ environment, isHosted: () => false });
  expect(await here.start(use)).toEqual({ command: 'true', env: { PATH: '/bin', HOME: '/home/ana', TOKEN: 'x' } });
  expect(await here.of('/src/shop')).toEqual({ is: 'none', nests: true });
  // A hosted repository whose operator says `none` gets no variables of the worker all the same.
  const there = rig.open({ environment, setting: 'none' });
  const { env, command } = await there.start({ ...use, repository: 'https://forge.example/acme/shop' });
  expect(command).toBe('true');
  expect(env).toEqual({ PATH: '/bin', HOME: expect.stringContaining(path.join(rig.data, 'homes')) });
});

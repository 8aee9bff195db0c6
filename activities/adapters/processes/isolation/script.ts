/** The numbers of the namespace's own network. They are those that slirp4netns documents. */
const NETWORK = { address: '10.0.2.100/24', gateway: '10.0.2.2', dns: '10.0.2.3', mtu: '65520' };

/** As `EX_TEMPFAIL` (sysexits.h): a job that could not be isolated is tried again later, and uses no attempt. */
export const NOT_ISOLATED = 75;

/** How many processes and threads a command may have. The kernel does not count those of a worker that runs as root. */
const MOST_PROCESSES = 4_096;

/** The programs that isolate a command, as absolute paths. */
export const TOOLS = ['bwrap', 'slirp4netns', 'ip', 'nsenter', 'setpriv', 'env', 'mkfifo', 'mkdir', 'rm'] as const;
export type Tools = Readonly<Record<(typeof TOOLS)[number], string>>;

export interface Isolated {
  tools: Tools;
  /** The command, for a shell inside. */
  command: string;
  /** What is visible to it: arguments of bubblewrap. */
  view: readonly string[];
  /** A folder outside of its reach, for the time in which it is started. */
  folder: string;
  /** The folder in which it works. */
  cwd: string;
  /** The ids that it has inside. Outside they are those of the worker. */
  ids: { outer: { uid: number; gid: number }; inner: { uid: number; gid: number } };
  /** Its home, for the list of users. */
  home: string;
  /** Addresses of version 4, or ranges of them, that it cannot reach. */
  closed: readonly string[];
  /** Where the machine's list of name servers, and of users, are, without links. */
  files: { resolv: string; passwd: string | undefined };
  /** The port of a preview that is forwarded from this machine's loopback. */
  port?: number | undefined;
  /** The program that runs the forwarding, and its source. */
  forwarding: { node: string; source: string };
}

/**
 * The shell command that runs another one isolated, with the same input, output, environment and exit code. Everything that
 * it starts is in a pid namespace of its own, which ends with it, and in a network namespace behind slirp4netns. The
 * namespaces exist first, with nothing running in them. Then they get their network, and only then the command begins.
 *
 * The shell stays outside and ignores the signals that end a job: they are for what runs inside. When it is killed,
 * bubblewrap and all that is inside die with it (`--die-with-parent`), and slirp4netns when its pipe breaks.
 */
export function isolatingScript(isolated: Isolated): string {
  const { tools, folder, cwd, ids, home, files, view, command, closed } = isolated;
  const tool = (name: keyof Tools) => quoted(tools[name]);
  const isolation = [
    ...['--unshare-user', '--uid', String(ids.inner.uid), '--gid', String(ids.inner.gid)],
    ...['--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'],
    ...['--die-with-parent', '--cap-drop', 'ALL', '--cap-add', 'CAP_NET_ADMIN', '--cap-add', 'CAP_SYS_RESOURCE'],
    ...view,
    ...['--ro-bind-data', '7', files.resolv],
    ...(files.passwd === undefined ? [] : ['--ro-bind-data', '8', files.passwd]),
    ...['--chdir', cwd, '--info-fd', '3', '--userns-block-fd', '4'],
  ];
  const inside = ['/bin/sh', '-c', beginning(tools, closed), 'sh', command];
  return `trap '' TERM INT HUP
d=${quoted(folder)} bwrap= pid= up=
fail() {
  echo "gatehouse could not isolate this command: $1" >&2
  # What waits for its network does not end with bubblewrap yet.
  [ -z "$bwrap" ] || kill -s KILL "$bwrap" $pid 2>/dev/null
  ${tool('rm')} -rf "$d"
  exit ${NOT_ISOLATED}
}
${tool('rm')} -rf "$d"
${tool('mkdir')} -p "$d" && ${tool('mkfifo')} "$d/info" "$d/go" "$d/up" "$d/over" || fail 'its pipes cannot be made'
# Held open, so that what waits can be told to begin even if somebody has removed the folder.
exec 5<&0 9<>"$d/go"
${words([tools.bwrap, ...isolation, '--', ...inside])} 3>"$d/info" 4<>"$d/go" <&5 5<&- 9<&- 7<<RESOLV 8<<PASSWD &
nameserver ${NETWORK.dns}
RESOLV
root:x:0:0:root:/root:/usr/sbin/nologin
gatehouse:x:${ids.inner.uid}:${ids.inner.gid}:gatehouse:${home.replaceAll(/[:\n\\$`]/g, '')}:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
PASSWD
bwrap=$!
while read -r word value; do
  case $word in '"child-pid":') pid=\${value%,} ;; esac
done < "$d/info"
[ -n "$pid" ] || fail 'bubblewrap made no namespaces'
{ echo deny > /proc/$pid/setgroups
  echo '${ids.inner.uid} ${ids.outer.uid} 1' > /proc/$pid/uid_map
  echo '${ids.inner.gid} ${ids.outer.gid} 1' > /proc/$pid/gid_map
} 2>/dev/null || fail 'its user cannot be mapped'
${network(isolated)}
echo go >&9
exec 9<&-
${tool('rm')} -rf "$d"
wait "$bwrap"
`;
}

/** Starts slirp4netns, and what forwards a port. Both end when this shell does, because their pipe breaks. */
function network({ tools, port, forwarding: { node, source } }: Isolated): string {
  const forward = words([node, '-e', source, tools.nsenter, String(port)]);
  return `space=/proc/$pid/ns
${quoted(tools.slirp4netns)} --mtu=${NETWORK.mtu} --disable-host-loopback --ready-fd=3 --exit-fd=4 --userns-path="$space/user" \\
  --netns-type=path "$space/net" tap0 4<"$d/over" 3>"$d/up" 5<&- 9<&- >/dev/null 2>"$d/slirp" &
exec 6>"$d/over"
read -r up < "$d/up"
[ "$up" = 1 ] || { read -r why < "$d/slirp"; fail "slirp4netns does not start: $why"; }${
    port === undefined
      ? ''
      : `
[ "$(${forward} "$space" <"$d/over" 5<&- 6>&- 9<&-)" = up ] || fail 'its port cannot be forwarded'`
  }`;
}

/** What runs inside before the command: it sets the network up, and gives up every right that needs. */
function beginning(tools: Tools, closed: readonly string[]): string {
  const routes = closed.map((address) => `route add blackhole ${address}`);
  return `exec 4>&-
[ ! -e ${NAMESPACES} ] || echo 0 > ${NAMESPACES} || exit ${NOT_ISOLATED}
${quoted(tools.ip)} -batch - <<NETWORK || exit ${NOT_ISOLATED}
link set tap0 up mtu ${NETWORK.mtu}
address add ${NETWORK.address} dev tap0
route add default via ${NETWORK.gateway} dev tap0
${routes.join('\n')}
NETWORK
{ ulimit -u ${MOST_PROCESSES} || ulimit -p ${MOST_PROCESSES}; } 2>/dev/null
exec ${quoted(tools.setpriv)} --inh-caps=-all --ambient-caps=-all ${quoted(tools.env)} --default-signal=TERM,INT,HUP /bin/sh -c "$1"
`;
}

/** Where the limit of nested user namespaces can be written, for a worker that runs as root. */
export const NAMESPACES = '/run/max_user_namespaces';

const words = (all: readonly string[]): string => all.map(quoted).join(' ');

export const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

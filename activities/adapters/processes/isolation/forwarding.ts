/**
 * Forwards a port of this machine's loopback to the same port of a loopback in another network namespace, where a server
 * may listen on either address. The listener belongs to this namespace. It is handed to a process in the other one, which
 * accepts its connections and connects there. That process ends when its standard input does. Arguments: the `nsenter`
 * program, the port, and the folder of the namespaces. Prints `up` once people can connect.
 */
export const FORWARDING = `
const { createServer } = require('node:net');
const { spawn } = require('node:child_process');
const [nsenter, port, space] = process.argv.slice(1);
const INSIDE = \`
const { connect } = require('node:net');
process.title = 'gatehouse forwarding';
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
process.stdin.resume().on('close', () => process.exit()).on('error', () => process.exit());
const join = (outer, hosts) => {
  if (hosts.length === 0) return outer.resetAndDestroy();
  const inner = connect({ port: Number(process.argv[1]), host: hosts[0] });
  inner.once('error', () => join(outer, hosts.slice(1)));
  inner.once('connect', () => {
    inner.removeAllListeners('error');
    outer.pipe(inner).pipe(outer);
    for (const [one, other] of [[outer, inner], [inner, outer]]) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
};
process.once('message', (said, server) => {
  server.on('connection', (outer) => {
    outer.on('error', () => undefined);
    join(outer, ['127.0.0.1', '::1']);
  });
  process.send('up', () => process.disconnect());
});
\`;
const server = createServer();
server.once('error', () => process.exit(1));
server.listen({ port: Number(port), host: '127.0.0.1', exclusive: true }, () => {
  const entering = ['--preserve-credentials', '--user=' + space + '/user', '--net=' + space + '/net'];
  const child = spawn(nsenter, [...entering, process.execPath, '-e', INSIDE, port], {
    stdio: ['inherit', 'ignore', 'ignore', 'ipc'],
  });
  child.once('error', () => process.exit(1));
  child.once('exit', () => process.exit(1));
  child.send('server', server);
  child.once('message', () => process.stdout.write('up', () => process.exit(0)));
});
`;

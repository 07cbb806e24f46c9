// What every server process does: it starts its contender, says where it listens, and answers what the driver asks.

/**
 * @param start makes the server of these settings: `{ url, commands }`
 */
export async function serve(start) {
  const { url, commands } = await start(JSON.parse(process.argv[2]));
  const known = {
    /** What this process alone has used so far, in microseconds; the driver's work is none of it. */
    cpu() {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    // Only a contender that refuses a code for the second time needs a clock that can be moved.
    advance: () => 0,
    ...commands,
  };
  process.on('message', async ({ id, name, value }) => {
    try {
      process.send({ id, answer: await known[name](value) });
    } catch (error) {
      process.send({ id, error: error.stack });
    }
  });
  // A driver that is gone has no use for a server.
  process.on('disconnect', () => process.exit());
  process.send({ url });
}

/** While the others have their turn a connection is idle for long; closed then, it could be gone just when a request is on its way. */
export function keepConnections(server) {
  server.keepAliveTimeout = 0;
}

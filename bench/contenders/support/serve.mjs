// What every server process does: starts its contender, reports its URL, and responds to the driver's requests.

/** @param start starts the server with these settings, and returns `{ url, commands }` */
export async function serve(start) {
  const { url, commands } = await start(JSON.parse(process.argv[2]));
  const known = {
    /** The CPU time used by this process alone, in microseconds, without the driver's. */
    cpu() {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    // Only contenders that refuse replayed codes need a clock that can be advanced.
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
  // Without the driver, the server has no purpose.
  process.on('disconnect', () => process.exit());
  process.send({ url });
}

/**
 * Connections are idle for long while the others take their turn. Closing them could hit a request just as it is sent.
 */
export function keepConnections(server) {
  server.keepAliveTimeout = 0;
}

/**
 * Loaded before a child's own code (`node --import`): ends the child when the platform's process is gone, even by kill -9, so that nothing is left behind.
 * Product code need not know that it is supervised.
 */
process.on('disconnect', () => process.exit(1));
process.channel?.unref();

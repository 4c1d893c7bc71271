// Where the files of the page are; their names carry hashes, which the build knows.

declare const FILES: { worker: string; basemap: string };

export const files = FILES;

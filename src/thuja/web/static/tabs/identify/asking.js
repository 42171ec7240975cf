// Asks the server about many photos: a few requests at a time, each of a few photos; a full queue is waited for.

import { ApiError, identify } from "../../api.js";
import { encoded } from "./photos.js";

const [AT_ONCE, TOGETHER] = [2, 4];

// `heard(photos)` is called when something is known of them, `onwait(seconds)` when the server is busy. Gives
// {done, stop}: a promise, and what ends the asking.
export function askAll(photos, { question, most, heard, onwait }) {
  const stopper = new AbortController();
  const groups = grouped(photos, Math.min(TOGETHER, most));
  for (const photo of photos) Object.assign(photo, { state: "waiting", error: null, run: stopper });
  const work = async () => {
    while (groups.length && !stopper.signal.aborted) await askGroup(groups.shift(), { question, heard, onwait, stopper });
  };
  const done = Promise.all(Array.from({ length: AT_ONCE }, work));
  return { done, stop: () => stopper.abort() };
}

// The first photo goes alone, so that its answer comes soon. So does each link.
function grouped(photos, most) {
  const groups = [];
  const files = photos.filter((photo) => photo.file);
  if (files.length) groups.push(files.slice(0, 1));
  for (let at = 1; at < files.length; at += most) groups.push(files.slice(at, at + most));
  return [...groups, ...photos.filter((photo) => !photo.file).map((photo) => [photo])];
}

async function askGroup(group, { question, heard, onwait, stopper }) {
  group.forEach((photo) => tell(photo, stopper, { state: "asking" }));
  heard(group);
  const [ready, images] = await prepared(group, stopper);
  if (ready.length) await answered(ready, { images, question, onwait, stopper });
  heard(group);
}

async function prepared(group, stopper) {
  const [ready, images] = [[], []];
  for (const photo of group) {
    try {
      if (photo.file) images.push(await encoded(photo));
      ready.push(photo);
    } catch (error) {
      tell(photo, stopper, { state: "failed", error, result: null });
    }
  }
  return [ready, images];
}

async function answered(photos, { images, question, onwait, stopper }) {
  const link = photos[0].file ? {} : { links: [photos[0].link] };
  try {
    const answer = await identify(images, { ...question, ...link }, { signal: stopper.signal, onwait });
    photos.forEach((photo, place) => tell(photo, stopper, settled(answer.results[place], { ...answer, question })));
  } catch (error) {
    for (const photo of photos) {
      const isStopped = error.name === "AbortError";
      if (!isStopped && !(error instanceof ApiError)) throw error;
      tell(photo, stopper, isStopped ? { state: "stopped", result: null } : { state: "failed", error, result: null });
    }
  }
}

// An answer to another question is none to this one. What an earlier question comes to is not heard where a later one was asked.
function tell(photo, stopper, told) {
  if (photo.run === stopper) Object.assign(photo, told);
}

function settled(result, { model, is_calibrated: isCalibrated, notes = [], question }) {
  if (result.error) return { state: "failed", error: result.error, result: null };
  return { state: "done", error: null, result: { ...result, model, isCalibrated, notes, asked: question }, decision: null };
}

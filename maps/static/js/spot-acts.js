// Accept, dismiss, go on with and take back what is proposed: each is a follow-up of the server, and each can be undone.
import { say } from "./dom.js";
import { toast } from "./toast.js";

export class Decisions {
  /** `changed(id)` is called when what was decided of a blind spot is other than before. */
  constructor({ words, list, changed }) {
    Object.assign(this, { words, list, changed, made: 0 });
  }

  accept(spot, proposal, payload) {
    return this.decide(spot, { proposal, payload, decision: "accepted" }, "toast.accepted");
  }

  dismiss(spot, reason) {
    return this.decide(spot, { decision: "dismissed", reason }, "toast.dismissed");
  }

  async decide(spot, body, said) {
    await this.send(spot, () => this.list.decide({ spot: spot.id, code: spot.code, ...body }), said, true);
  }

  async change(spot, follow, state) {
    await this.send(spot, () => this.list.change(follow.id, { state }), `toast.${state}`, false);
  }

  /** Which post sees to it, or until when. */
  async note(spot, follow, body) {
    await this.send(spot, () => this.list.change(follow.id, body), "toast.noted", false);
  }

  async send(spot, asked, said, undoable) {
    try {
      const follow = await asked();
      this.made += 1;
      this.list.of(spot.id).follow_up = follow;
      this.changed(spot.id);
      toast(this.words.t(said, { name: spot.name }), this.words, undoable ? () => this.change(spot, follow, "cancelled") : null);
    } catch (error) {
      this.refused(spot, error);
    }
  }

  /** A refusal stays where it happened, beside the buttons. */
  refused(spot, error) {
    const text = this.words.t("follow.failed", { reason: error.message });
    const box = document.querySelector(`.item[data-id="${CSS.escape(spot.id)}"] .detail`);
    if (!box) toast(`${spot.name}: ${text}`, this.words); // the row was left meanwhile
    box?.querySelector(".refused")?.remove();
    const note = document.createElement("p");
    note.className = "refused";
    note.setAttribute("role", "alert");
    note.textContent = text;
    box?.append(note);
    say(text);
  }
}

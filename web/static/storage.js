// The platform's storage (LTI postMessage storage 0.1) in place of a cookie that the browser does not keep in a frame.
// `put`: store a value before the browser goes on to the platform. `get`: read it back into the form of a button.
(() => {
  const box = document.getElementById("storage");
  const { mode, target, origin, key, value, next } = box.dataset;
  const outer = window.opener || window.parent;
  const store = target === "_parent" ? outer : outer.frames[target] || outer;
  const id = crypto.randomUUID();
  const goOn = () => { if (mode === "put") window.location.replace(next); };
  window.addEventListener("message", (event) => {
    const answer = event.data || {};
    if (event.origin !== origin || answer.message_id !== id || answer.subject !== `lti.${mode}_data.response`) return;
    if (mode === "get" && typeof answer.value === "string") {
      document.querySelector("input[name=secret]").value = answer.value;
      document.querySelector("button").disabled = false;
    }
    goOn();
  });
  const message = { subject: `lti.${mode}_data`, message_id: id, key };
  if (mode === "put") message.value = value;
  store.postMessage(message, origin);
  setTimeout(goOn, 2000);
})();

// Shows only the alerts that hold what somebody types. Without it all of them are there.
(function () {
  "use strict";
  var form = document.getElementById("filter");
  if (!form) return;
  var field = form.querySelector("input"), shown = form.querySelector("output");
  var groups = Array.prototype.slice.call(document.querySelectorAll("details.alerts"));
  form.hidden = false;
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  field.addEventListener("input", function () {
    var words = field.value.toLowerCase().split(/\s+/).filter(Boolean), count = 0;
    groups.forEach(function (group) {
      var service = group.querySelector("summary h3").textContent.toLowerCase(), left = 0;
      Array.prototype.forEach.call(group.querySelectorAll("tbody tr, details.alert"), function (row) {
        var text = service + " " + row.textContent.toLowerCase();
        row.hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
        if (!row.hidden) left += 1;
      });
      group.hidden = !left;
      if (words.length) group.open = left > 0;
      // A row of a grouped table stands for several alerts, each of which is listed elsewhere.
      if (!group.classList.contains("grouped")) count += left;
    });
    shown.textContent = words.length ? count + (count === 1 ? " alert" : " alerts") : "";
  });
})();

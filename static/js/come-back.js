// A page that could not be shown loads itself again. Without scripts, its <noscript> does.
const { again } = document.body.dataset;
if (again) setTimeout(() => location.reload(), Number(again) * 1000);

// Name in our templates → file of @tabler/icons, folder included. Only these enter the sprite.
const outline = (...names) => Object.fromEntries(names.map((name) => [name, `outline/${name}`]));

export const icons = {
  ...outline(
    "phone", "phone-call", "phone-incoming", "phone-outgoing", "phone-x", "phone-off", "phone-pause", "phone-ringing",
    "sun", "moon", "device-desktop", "layout-kanban", "users", "user", "user-plus", "user-off", "user-question",
    "checkbox", "circle", "circle-check", "circle-dashed", "clock", "alarm", "alert-triangle", "alert-circle", "info-circle",
    "activity-heartbeat", "plug-connected", "plug-connected-x", "settings", "search", "plus", "x", "check", "dots",
    "chevron-down", "chevron-up", "grip-vertical", "archive", "chevron-right", "chevron-left", "arrow-right", "arrow-left", "player-play", "player-pause",
    "message-2", "notes", "pencil", "tag", "filter", "logout", "language", "bell", "copy", "building", "mail",
    "record-mail", "arrows-exchange", "eye-check", "eye", "ban", "flag", "wifi-off", "headphones", "briefcase", "history",
    "microphone-off", "hourglass", "menu-2", "lock", "arrow-bar-to-right", "ghost-2", "link", "webhook", "send", "refresh", "calendar-event", "package", "id", "forms", "list-details", "map-pin", "lock-open", "git-branch",
    "list", "bookmark", "trash", "users-group", "list-check", "crown", "shield-check",
    "arrow-merge", "copy-check", "arrow-back-up", "file-import", "file-export", "download",
    "chart-bar", "calendar", "bolt", "bolt-off", "arrow-up", "arrow-down", "repeat"
  ),
  "play-filled": "filled/player-play",
  "pause-filled": "filled/player-pause",
};

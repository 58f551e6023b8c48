// Draws its content again only when something in it changed (see island.py).
const HANDLER = "handler"; // NiceGUI makes new handlers for the same listeners at every drawing: they do not count

const look = (attrs) => JSON.stringify(attrs, (_, value) => (typeof value === "function" ? HANDLER : value));

export default {
  inheritAttrs: false,
  props: { tag: { type: String, default: "div" } },
  setup(props, { attrs, slots }) {
    // Computed, so that it depends on the elements inside and nothing else; the page around does not depend on them.
    const content = Vue.computed(() => slots.default());
    let drawn = null;
    return () => {
      const children = content.value;
      const now = look(attrs);
      if (drawn !== null && drawn.children === children && drawn.look === now) return drawn.vnode;
      const mounted = drawn !== null && drawn.children === children;
      const fresh = mounted ? children.map((child) => (Vue.isVNode(child) ? Vue.cloneVNode(child) : child)) : children;
      const vnode = Vue.h(props.tag, attrs, fresh);
      vnode.memo = []; // what v-memo does: the same vnode again is left alone
      drawn = { children, look: now, vnode };
      return vnode;
    };
  },
};
